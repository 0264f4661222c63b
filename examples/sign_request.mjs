// Sign requests: an app token by HMAC, or a DPoP proof (RFC 9449). For browsers and Node 18 or later.
//
//     node sign_request.mjs hmac --key-file app.key POST https://api.example/api/login
//     node sign_request.mjs dpop --access-token "$TOKEN" GET https://api.example/orders
//
// prints the header to send. As a module: appToken, dpopKey and dpopProof.

const webcrypto = globalThis.crypto ?? (await import("node:crypto")).webcrypto;
const bytes = (text) => new TextEncoder().encode(text);
const base64url = (data) =>
  btoa(String.fromCharCode(...new Uint8Array(data))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(webcrypto.getRandomValues(new Uint8Array(18)));
const seconds = () => Math.floor(Date.now() / 1000);

/** Make the app token of one request: v1.TS.NONCE.MAC, the MAC over TS.NONCE.METHOD.PATH without the query. */
export async function appToken(key, method, url, { now = seconds(), nonce = random() } = {}) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await webcrypto.subtle.importKey("raw", bytes(key), algorithm, false, ["sign"]);
  const text = `${now}.${nonce}.${method}.${new URL(url).pathname}`;
  const mac = new Uint8Array(await webcrypto.subtle.sign("HMAC", imported, bytes(text)));
  return `v1.${now}.${nonce}.${[...mac].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Make a key that cannot be taken out of this browser or process; keep it (in a browser: IndexedDB) for all requests. */
export function dpopKey() {
  return webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
}

/** Prove that one request is made by the holder of a key; accessToken is the one that the request carries. */
export async function dpopProof(key, method, url, { accessToken = "", now = seconds(), jti = random() } = {}) {
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", key.publicKey);
  const claims = { jti, htm: method, htu: url.split("?")[0].split("#")[0], iat: now };
  if (accessToken) claims.ath = base64url(await webcrypto.subtle.digest("SHA-256", bytes(accessToken)));
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } };
  const signed = [header, claims].map((part) => base64url(bytes(JSON.stringify(part)))).join(".");
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  return `${signed}.${base64url(await webcrypto.subtle.sign(algorithm, key.privateKey, bytes(signed)))}`;
}

async function main(words) {
  const options = {};
  const plain = [];
  while (words.length) {
    const word = words.shift();
    if (word.startsWith("--")) options[word.slice(2)] = words.shift();
    else plain.push(word);
  }
  const [kind, method, url] = plain;
  if (kind === "hmac" && url) {
    const { readFileSync } = await import("node:fs");
    const key = options["key-file"] ? readFileSync(options["key-file"], "utf8").trim() : process.env.APP_KEY;
    if (!key) throw new Error("no key: give --key-file or set APP_KEY");
    console.log(`${options.header ?? "x-app-token"}: ${await appToken(key, method, url)}`);
  } else if (kind === "dpop" && url) {
    const proof = await dpopProof(await dpopKey(), method, url, { accessToken: options["access-token"] });
    console.log(`${options.header ?? "dpop"}: ${proof}`);
  } else {
    throw new Error("usage: node sign_request.mjs hmac|dpop [--key-file FILE] [--access-token TOKEN] METHOD URL");
  }
}

if (globalThis.process?.argv[1] && import.meta.url === `file://${process.argv[1]}`) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 2;
  });
}
