#pragma once

#include <httplib.h>

namespace tvr {

/// httplib's server with a deadline: a request must be complete five seconds after its first byte. The
/// library's own timeouts restart with every byte, so that a client that sends one byte at a time could hold
/// a thread forever. Works with cpp-httplib 0.11 to 0.18.
class DeadlineServer : public httplib::Server {
 private:
  bool process_and_close_socket(socket_t socket) override;
};

}  // namespace tvr
