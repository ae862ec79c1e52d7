// The client of the HTTP benchmark on Node: `node client.mjs http|fetch PORT COUNT RUNS`. fetch is
// undici, which comes with Node.
import http from "node:http";

const [kind, port, count, runs] = process.argv.slice(2);
const concurrency = 64;
const url = `http://127.0.0.1:${port}/user`;
const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });

function getByHttp() {
  return new Promise((resolve, reject) => {
    http.get(url, { agent }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).length));
    }).on("error", reject);
  });
}

async function getByFetch() {
  const response = await fetch(url);
  return (await response.arrayBuffer()).byteLength;
}

const get = kind === "http" ? getByHttp : getByFetch;
for (let run = 0; run < Number(runs); ++run) {
  const started = process.cpuUsage();
  let left = Number(count);
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (left-- > 0) {
      if ((await get()) !== 1024) throw new Error("another body");
    }
  }));
  const used = process.cpuUsage(started);
  console.log(((used.user + used.system) * 1000 / Number(count)).toFixed(1));
}
agent.destroy();
process.exit(0);
