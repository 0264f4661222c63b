// Ask with java.net.http.HttpClient.
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
    HttpClient client = HttpClient.newBuilder().sslContext(context).build();
    HttpRequest.Builder post = HttpRequest.newBuilder(URI.create(given[0] + "/api/post"))
        .header("Content-Type", "application/json").POST(BodyPublishers.ofString("{}"));
    client.send(HttpRequest.newBuilder(URI.create(given[0] + "/api/get")).build(), BodyHandlers.ofString());
    client.send(post.build(), BodyHandlers.ofString());
    post.uri(URI.create(given[0] + "/api/authorized")).header("Authorization", "Bearer abc").header("X-App", "1");
    client.send(post.build(), BodyHandlers.ofString());
  }
}
