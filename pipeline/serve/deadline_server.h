#pragma once

#include <httplib.h>

namespace tvr {

/// httplib's server, but a request must have come within five seconds of its first byte, whatever its pieces:
/// the library's own limits begin anew with every byte, so that a client which sends one at a time holds a
/// thread for as long as it likes. Works with cpp-httplib 0.11 to 0.18.
class DeadlineServer : public httplib::Server {
 private:
  bool process_and_close_socket(socket_t socket) override;
};

}  // namespace tvr
