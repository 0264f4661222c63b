// Ask with Apache HttpClient 4.
import org.apache.http.client.methods.*;
import org.apache.http.conn.ssl.*;
import org.apache.http.entity.*;
import org.apache.http.impl.client.*;
import org.apache.http.ssl.SSLContextBuilder;

public class Apache {
  public static void main(String[] given) throws Exception {
    CloseableHttpClient client = HttpClients.custom().setSSLHostnameVerifier(NoopHostnameVerifier.INSTANCE)
        .setSSLContext(new SSLContextBuilder().loadTrustMaterial(null, (chain, type) -> true).build())
        .disableAutomaticRetries().build();
    client.execute(new HttpGet(given[0] + "/api/get")).close();
    HttpPost post = new HttpPost(given[0] + "/api/post");
    post.setEntity(new StringEntity("{}", ContentType.APPLICATION_JSON));
    client.execute(post).close();
    post = new HttpPost(given[0] + "/api/authorized");
    post.setEntity(new StringEntity("{}", ContentType.APPLICATION_JSON));
    post.setHeader("Authorization", "Bearer abc");
    post.setHeader("X-App", "1");
    post.setHeader("Cookie", "sid=0123456789abcdef");
    client.execute(post).close();
  }
}
