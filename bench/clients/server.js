// Answer every call with something of its kind, and note its fields: over TLS in HTTP/2 and HTTP/1.1, or in the clear.
const http = require('http'), http2 = require('http2'), fs = require('fs'), [dir, secure] = process.argv.slice(2);
const page = fs.readFileSync(dir + '/page.html');
const KINDS = {js: 'text/javascript', css: 'text/css', png: 'image/png', json: 'application/json', vtt: 'text/vtt',
  woff2: 'font/woff2', mp4: 'video/mp4', html: 'text/html', svg: 'image/svg+xml', webmanifest: 'application/manifest+json'};
const WORKER = "addEventListener('install', () => skipWaiting()); addEventListener('activate', e => " +
  "e.waitUntil(clients.claim())); addEventListener('fetch', e => e.request.url.includes('passed') && " +
  "e.respondWith(fetch(e.request)));";
const note = request => fs.appendFileSync(dir + '/seen.jsonl', JSON.stringify({version: request.httpVersion,
  method: request.method, path: request.url, raw: request.rawHeaders}) + '\n');
const answer = (request, response) => {
  request.on('data', () => {});
  request.on('end', () => {
    note(request);
    const path = request.url.split('?')[0], kind = path.split('.')[1];
    if (request.headers.origin) {
      response.setHeader('access-control-allow-origin', request.headers.origin);
      response.setHeader('access-control-allow-headers', 'content-type,authorization');
      response.setHeader('access-control-allow-credentials', 'true');
    }
    response.setHeader('cache-control', 'no-store');
    response.setHeader('content-type', path === '/events' ? 'text/event-stream' : KINDS[kind] || 'text/html');
    response.end(path === '/page' ? page : path === '/sw.js' ? WORKER
      : path === '/worker.js' ? "fetch('/api/worker.json')"
      : kind === 'json' || kind === 'webmanifest' ? '{}' : kind === 'css'
      ? '@font-face{font-family:a;src:url(/a.woff2)} body{font-family:a;background:url(/background.png)}' : '');
  });
};
const server = secure === 'no' ? http.createServer(answer)
  : http2.createSecureServer({allowHTTP1: true, key: fs.readFileSync(dir + '/key.pem'),
    cert: fs.readFileSync(dir + '/cert.pem')}, answer);
server.on('upgrade', (request, socket) => { note(request); socket.destroy(); });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
