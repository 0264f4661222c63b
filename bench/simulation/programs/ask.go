// Ask with net/http of Go.
package main

import (
	"crypto/tls"
	"net/http"
	"os"
	"strings"
)

func main() {
	url := os.Args[1]
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	client := &http.Client{Transport: transport}
	client.Get(url + "/api/get")
	client.Post(url+"/api/post", "application/json", strings.NewReader("{}"))
	request, _ := http.NewRequest("POST", url+"/api/authorized", strings.NewReader("{}"))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer abc")
	request.Header.Set("X-App", "1")
	request.Header.Set("Cookie", "sid=0123456789abcdef")
	client.Do(request)
	transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	plain := &http.Client{Transport: &http.Transport{TLSClientConfig: transport.TLSClientConfig.Clone(), TLSNextProto: transport.TLSNextProto}}
	plain.Do(request)
}
