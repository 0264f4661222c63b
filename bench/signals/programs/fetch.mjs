// Ask with the fetch of Node.js: fetch.mjs URL VERSION AGENT
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const [url, , agent] = process.argv.slice(2);
const own = agent === '-' ? {} : {'user-agent': agent};
await (await fetch(url + '/api/products', {headers: own})).text();
await (await fetch(url + '/api/login', {method: 'POST', headers: {'content-type': 'application/json', ...own},
  body: JSON.stringify({email: 'anna@example.com', password: 'wrong'})})).text();
