import asyncio
import sys


class Chat:
    def __init__(self):
        self.guests = {}

    async def guest(self, reader, writer):
        writer.write(b"your name? ")
        name = (await reader.readline()).rstrip(b"\n")
        if not name:
            return
        self.guests[name] = writer
        self.tell_others(name, name + b" is here\n")
        async for line in reader:
            self.tell_others(name, name + b": " + line)
        del self.guests[name]
        self.tell_others(name, name + b" has left\n")
        writer.close()

    def tell_others(self, name, text):
        for other, writer in self.guests.items():
            if other != name:
                writer.write(text)


async def expect(reader, who):
    line = await reader.readline()
    print(who, "hears:", line.decode(), end="")


async def enter(port, name):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readuntil(b"? ")
    writer.write(name + b"\n")
    return reader, writer


async def talk(port):
    anna_reader, anna_writer = await enter(port, b"Anna")
    bela_reader, bela_writer = await enter(port, b"Bela")
    await expect(anna_reader, "Anna")
    bela_writer.write(b"good evening\n")
    await expect(anna_reader, "Anna")
    anna_writer.write(b"how are you?\n")
    await expect(bela_reader, "Bela")
    bela_writer.close()
    await expect(anna_reader, "Anna")
    anna_writer.close()


async def serve(port):
    chat = Chat()
    server = await asyncio.start_server(chat.guest, "127.0.0.1", port)
    if port:
        await server.serve_forever()
    await talk(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()


asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
