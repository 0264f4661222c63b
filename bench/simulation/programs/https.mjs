// Ask with the https module of Node.js, with the fields that axios sets by its own defaults.
import https from 'https';
const url = process.argv[2], agent = 'axios/1.7.9';
const ask = (path, method, headers, body) => new Promise(done => {
  const request = https.request(url + path, {method, headers}, response => response.resume().on('end', done));
  request.on('error', done);
  request.end(body);
});
const first = {Accept: 'application/json, text/plain, */*'};
const last = {'User-Agent': agent, 'Accept-Encoding': 'gzip, compress, deflate, br'};
await ask('/api/get', 'GET', {...first, ...last});
await ask('/api/post', 'POST', {...first, 'Content-Type': 'application/json', 'User-Agent': agent, 'Content-Length': '7',
  'Accept-Encoding': 'gzip, compress, deflate, br'}, '{"a":1}');
