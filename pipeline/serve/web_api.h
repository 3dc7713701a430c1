#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "data/mutex.h"
#include "extract/media/media.h"
#include "pipeline/run/stills.h"
#include "pipeline/search/search_service.h"
#include "pipeline/serve/bounded_cache.h"

namespace tvr {

/// At most so many threads are in a part of the code; others wait their turn.
class Turnstile {
 public:
  explicit Turnstile(int places) : places_(places) {}
  class Pass {
   public:
    explicit Pass(Turnstile& turnstile) : turnstile_(turnstile) {
      MutexLock lock(turnstile_.mutex_);
      while (turnstile_.places_ == 0) lock.wait(turnstile_.freed_);
      --turnstile_.places_;
    }
    ~Pass() {
      const MutexLock lock(turnstile_.mutex_);
      ++turnstile_.places_;
      turnstile_.freed_.notify_one();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    Turnstile& turnstile_;
  };

 private:
  Mutex mutex_;
  std::condition_variable freed_;
  int places_ TVR_GUARDED_BY(mutex_);
};

/// What the web page asks for, without HTTP: values in, JSON and bytes out. Safe from many threads. Methods
/// that name a video throw Error(NotFound) for one that the index does not have.
class WebApi {
 public:
  WebApi(SearchService& service, std::filesystem::path run);

  [[nodiscard]] nlohmann::json info() const;
  [[nodiscard]] nlohmann::json search(SearchQuery query);
  /// `part`: only videos with this in their name.
  [[nodiscard]] nlohmann::json store(const std::string& part) const;
  [[nodiscard]] nlohmann::json run() const;
  [[nodiscard]] std::string report() const;  // report.html; empty: there is none

  [[nodiscard]] MediaFacts media_facts(const std::string& video);
  /// The video's file, if it is one that a browser plays. Throws Error(Unsupported) otherwise.
  [[nodiscard]] std::shared_ptr<const SendableFile> open_media(const std::string& video);
  /// A JPEG of the moment, or where the video is elsewhere of one near it that was made before; empty when
  /// there is no picture to be had.
  [[nodiscard]] std::string thumbnail(const std::string& video, double at_s);

 private:
  [[nodiscard]] std::filesystem::path path_of(const std::string& video) const;

  SearchService& service_;
  std::filesystem::path run_;
  Stills stills_;
  BoundedCache<std::string> thumbnails_;
  BoundedCache<MediaFacts> facts_;
  Turnstile decoding_;
};

}  // namespace tvr
