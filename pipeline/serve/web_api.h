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

/// A counting semaphore: at most `places` threads hold a Pass; others wait.
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

/// The API of the web page, without HTTP: values in, JSON and bytes out. Thread-safe. Methods that take a
/// video id throw Error(NotFound) if it is not in the index.
class WebApi {
 public:
  WebApi(SearchService& service, std::filesystem::path run);

  [[nodiscard]] nlohmann::json info() const;
  /// `like`: the video, at the second `at_s`, that the results shall look like; empty: the sentence alone.
  [[nodiscard]] nlohmann::json search(SearchQuery query, const std::string& like = {}, double at_s = 0);
  /// `part`: only videos whose id contains this.
  [[nodiscard]] nlohmann::json store(const std::string& part) const;
  [[nodiscard]] nlohmann::json run() const;
  /// The steps of the videos whose name or task contains `part`, of the run's localized.csv. Throws
  /// Error(NotFound) if there is none, and what read_placed_steps() throws.
  [[nodiscard]] nlohmann::json steps(const std::string& part) const;
  [[nodiscard]] std::string report() const;  // report.html; empty if there is none

  /// What the video's file is, and the moment at `at_s`: the window that the search would show.
  [[nodiscard]] nlohmann::json media(const std::string& video, double at_s);
  struct Media {
    std::shared_ptr<const SendableFile> file;
    std::string mime;
  };
  /// The video's file: the open one that was examined. Throws Error(Unsupported) if browsers do not play it.
  [[nodiscard]] Media open_media(const std::string& video);
  /// A JPEG of the frame at `at_s`; if the video file has moved, a still near that time that was saved
  /// before; empty if there is none.
  [[nodiscard]] std::string thumbnail(const std::string& video, double at_s);

 private:
  [[nodiscard]] MediaFacts facts_at(const std::filesystem::path& path);
  [[nodiscard]] MediaFacts facts_of(const SendableFile& file);

  SearchService& service_;
  std::filesystem::path run_;
  Stills stills_;
  BoundedCache<std::string> thumbnails_;
  BoundedCache<MediaFacts> facts_;
  Turnstile decoding_;
};

}  // namespace tvr
