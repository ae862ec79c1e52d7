// SPDX-License-Identifier: MIT
#include <hob/http/serve.hpp>

namespace hob::http {

namespace {

TlsContext empty_context() {
  TlsContext context = create_default_context(Purpose::client_auth);
  context.set_alpn_protocols({"http/1.1"});
  return context;
}

}  // namespace

TlsContext create_server_context(const Certificate& certificate) {
  TlsContext context = empty_context();
  context.load_cert_chain(certificate);
  return context;
}

TlsContext create_server_context(Text certfile, Text keyfile) {
  TlsContext context = empty_context();
  context.load_cert_chain(certfile, keyfile);
  return context;
}

}  // namespace hob::http
