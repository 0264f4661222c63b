// Ask with net/http of Go: ask.go URL VERSION AGENT
package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	url, version, agent := os.Args[1], os.Args[2], os.Args[3]
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: version == "2"}
	if version != "2" {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	client := &http.Client{Transport: transport}
	list, _ := http.NewRequest("GET", url+"/api/products", nil)
	login, _ := http.NewRequest("POST", url+"/api/login", strings.NewReader(`{"email":"anna@example.com","password":"wrong"}`))
	login.Header.Set("Content-Type", "application/json")
	for _, request := range []*http.Request{list, login} {
		if agent != "-" {
			request.Header.Set("User-Agent", agent)
		}
		answer, err := client.Do(request)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}
