#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "pipeline/search/search_service.h"

namespace tvr {

/// The page of `pipeline serve` and its HTTP API (docs/SEARCH.md). GET and HEAD only; videos are named by id,
/// and only those that the index has are ever opened; requests that name another host than a loopback one are
/// refused while the server listens on loopback (a page elsewhere could else have its name point here).
class WebServer {
 public:
  /// Listens at once; port 0: any free one. Throws Error(Unreadable) when the address cannot be had.
  WebServer(SearchService& service, std::filesystem::path run, const std::string& host, int port);
  /// Ends connections and waits for their threads: two seconds at most where a client only listens.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  [[nodiscard]] int port() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
