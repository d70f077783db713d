// The least that a relay on Socket.IO does: rooms, and everything handed on unread.

import { createServer } from "node:http";
import { Server } from "socket.io";

const RELAYED = ["offer", "answer", "candidate", "state"];

const http = createServer();
const io = new Server(http, { serveClient: false });

io.on("connection", (socket) => {
  /** @type {string} */
  let room;
  socket.on("join", (data) => {
    room = data.room;
    socket.join(room);
    socket.to(room).emit("joined", {});
    socket.emit("welcome", { room });
  });
  for (const event of RELAYED)
    socket.on(event, (data) => socket.to(room).emit(event, data));
  socket.on("end", (data) => {
    io.to(room).emit("ended", data);
    socket.leave(room);
  });
});

http.listen(Number(process.argv[2]), "127.0.0.1");
