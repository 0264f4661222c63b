// Ask with the fetch of Node.js (undici).
const url = process.argv[2], json = {'content-type': 'application/json'};
try {
  await fetch(url + '/api/get');
  await fetch(url + '/api/post', {method: 'POST', headers: json, body: '{"a":1}'});
  await fetch(url + '/api/authorized', {method: 'POST', body: '{"a":1}',
    headers: {...json, authorization: 'Bearer abc', 'x-app': '1', cookie: 'sid=0123456789abcdef'}});
} catch {}
