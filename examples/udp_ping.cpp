// UDP: one side answers each packet, the other one asks and gives up on an answer that is lost.
#include <hob/hob.hpp>

#include <iostream>

using namespace std::chrono_literals;

// [answer]
hob::Coro<> answer(hob::DatagramEndpoint& endpoint) {
  while (true) {
    auto packet = co_await endpoint.recvfrom();
    if (packet.data == "ping 2") continue;  // lost, as packets are
    co_await endpoint.sendto("pong" + packet.data.substr(4), packet.address);
  }
}
// [answer]

hob::Coro<> ping(hob::DatagramEndpoint& endpoint, std::string text) {
  co_await endpoint.send(text);
  auto reply = co_await hob::as_result(hob::wait_for(endpoint.recvfrom(), 100ms));
  std::cout << text << " -> " << (reply ? reply->data : "no answer") << '\n';
}

hob::Coro<> main_task() {
  auto server = co_await hob::create_datagram_endpoint({.local_host = "127.0.0.1"});
  auto answering = hob::create_task(answer, std::ref(server));
  auto client = co_await hob::create_datagram_endpoint(
      {.remote_host = "127.0.0.1", .remote_port = server.getsockname().port});
  co_await ping(client, "ping 1");
  co_await ping(client, "ping 2");
  co_await ping(client, "ping 3");
  answering.cancel();
}

int main() { hob::run(main_task()); }
