// SPDX-License-Identifier: MIT
// An echo server of Node; with `close` it closes each connection at once. Prints the port.
import net from "node:net";

const close = process.argv[2] === "close";
const server = net.createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  if (close) {
    socket.destroy();
    return;
  }
  socket.on("data", (data) => {
    if (!socket.write(data)) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(server.address().port);
});
