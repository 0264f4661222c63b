// Ask with OkHttp, as an app does: App.java URL VERSION AGENT
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.*;
import okhttp3.*;

public class App {
  public static void main(String[] given) throws Exception {
    X509TrustManager all = new X509TrustManager() {
      public void checkClientTrusted(X509Certificate[] c, String a) {}
      public void checkServerTrusted(X509Certificate[] c, String a) {}
      public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {all}, null);
    List<Protocol> protocols = given[1].equals("2")
        ? List.of(Protocol.HTTP_2, Protocol.HTTP_1_1) : List.of(Protocol.HTTP_1_1);
    OkHttpClient client = new OkHttpClient.Builder().sslSocketFactory(context.getSocketFactory(), all)
        .protocols(protocols).hostnameVerifier((name, session) -> true).build();
    RequestBody body = RequestBody.create(
        MediaType.get("application/json; charset=utf-8"), "{\"email\":\"anna@example.com\",\"password\":\"wrong\"}");
    String agent = given[2].equals("-") ? "ShopApp/7.2 (Android 15; Pixel 9) okhttp/3.13.1" : given[2];
    for (Request.Builder request : new Request.Builder[] {
        new Request.Builder().url(given[0] + "/api/products"),
        new Request.Builder().url(given[0] + "/api/login").post(body)}) {
      client.newCall(request.header("Accept", "application/json").header("Accept-Language", "de-DE")
          .header("User-Agent", agent).build()).execute().close();
    }
    System.exit(0);
  }
}
