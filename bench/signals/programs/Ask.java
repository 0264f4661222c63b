// Ask with java.net.http.HttpClient: Ask.java URL VERSION AGENT
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.cert.X509Certificate;
import javax.net.ssl.*;

public class Ask {
  public static void main(String[] given) throws Exception {
    System.setProperty("jdk.internal.httpclient.disableHostnameVerification", "true");
    TrustManager all = new X509ExtendedTrustManager() {
      public void checkClientTrusted(X509Certificate[] c, String a) {}
      public void checkServerTrusted(X509Certificate[] c, String a) {}
      public void checkClientTrusted(X509Certificate[] c, String a, java.net.Socket s) {}
      public void checkServerTrusted(X509Certificate[] c, String a, java.net.Socket s) {}
      public void checkClientTrusted(X509Certificate[] c, String a, SSLEngine e) {}
      public void checkServerTrusted(X509Certificate[] c, String a, SSLEngine e) {}
      public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {all}, null);
    HttpClient.Version version = given[1].equals("2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1;
    HttpClient client = HttpClient.newBuilder().version(version).sslContext(context).build();
    HttpRequest.Builder list = HttpRequest.newBuilder(URI.create(given[0] + "/api/products"));
    HttpRequest.Builder login = HttpRequest.newBuilder(URI.create(given[0] + "/api/login"))
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString("{\"email\":\"anna@example.com\",\"password\":\"wrong\"}"));
    for (HttpRequest.Builder request : new HttpRequest.Builder[] {list, login}) {
      if (!given[2].equals("-")) request.header("User-Agent", given[2]);
      client.send(request.build(), BodyHandlers.ofString());
    }
  }
}
