// The server of the HTTP benchmark on Node.
import http from "node:http";

const server = http.createServer((request, response) => {
  response.writeHead(200, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": 13,
  });
  response.end("Hello, World!");
});
server.listen(0, "127.0.0.1", 4096, () => console.log(server.address().port));
