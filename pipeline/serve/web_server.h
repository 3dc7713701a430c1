#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "pipeline/search/search_service.h"
#include "pipeline/serve/page_facts.h"

namespace tvr {

/// The page of `pipeline serve` and its HTTP API (docs/SEARCH.md). GET and HEAD only, but for a picture to
/// search by, which is sent by POST and from no page elsewhere; videos are identified by id, and only files
/// of the index are opened. While the server listens on loopback, requests whose Host is not localhost,
/// 127.0.0.1, [::1] or the address listened on are refused (protection against DNS rebinding).
class WebServer {
 public:
  /// Starts listening immediately; port 0: any free port. Throws Error(Unreadable) when the address cannot be
  /// bound.
  WebServer(SearchService& service, std::filesystem::path run, const std::string& host, int port,
            PageFacts facts = {});
  /// Closes connections and waits for answers that are being computed.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  [[nodiscard]] int port() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
