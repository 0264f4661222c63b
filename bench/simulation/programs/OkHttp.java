// Ask with OkHttp, as an app does whose interceptor sets its name and token.
import java.security.cert.X509Certificate;
import javax.net.ssl.*;
import okhttp3.*;

public class OkHttp {
  public static void main(String[] given) throws Exception {
    X509TrustManager all = new X509TrustManager() {
      public void checkClientTrusted(X509Certificate[] c, String a) {}
      public void checkServerTrusted(X509Certificate[] c, String a) {}
      public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {all}, null);
    OkHttpClient client = new OkHttpClient.Builder().sslSocketFactory(context.getSocketFactory(), all)
        .hostnameVerifier((name, session) -> true).build();
    RequestBody body = RequestBody.create(MediaType.get("application/json; charset=utf-8"), "{}");
    try {
      client.newCall(new Request.Builder().url(given[0] + "/api/get").build()).execute();
      client.newCall(new Request.Builder().url(given[0] + "/api/post").post(body).build()).execute();
      client.newCall(new Request.Builder().url(given[0] + "/api/authorized").post(body)
          .header("Accept", "application/json").header("User-Agent", "ShopApp/1").header("X-App", "1")
          .header("Authorization", "Bearer abc").build()).execute();
    } finally {
      client.dispatcher().executorService().shutdown();
      client.connectionPool().evictAll();
    }
    System.exit(0);
  }
}
