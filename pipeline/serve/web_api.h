#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "data/error.h"
#include "data/mutex.h"
#include "extract/media/media.h"
#include "pipeline/run/stills.h"
#include "pipeline/search/search_service.h"
#include "pipeline/serve/bounded_cache.h"
#include "pipeline/serve/page_facts.h"

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
    /// Waits while `stop` is false, and behind fewer than `most_waiting` others. Throws Error(Busy |
    /// Interrupted).
    Pass(Turnstile& turnstile, int most_waiting, const std::function<bool()>& stop) : turnstile_(turnstile) {
      constexpr std::chrono::milliseconds kLook(200);
      MutexLock lock(turnstile_.mutex_);
      if (turnstile_.places_ == 0 && turnstile_.waiting_ >= most_waiting)
        throw Error(Fault::Busy, "serve", "too many videos are being prepared", "Try again in a moment");
      ++turnstile_.waiting_;
      bool stopped = false;
      while (turnstile_.places_ == 0 && !stopped) {
        lock.wait_until(turnstile_.freed_, std::chrono::steady_clock::now() + kLook);
        stopped = stop();
      }
      --turnstile_.waiting_;
      if (stopped) throw Error(Fault::Interrupted, "serve", "nobody waits for it any more");
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
  int waiting_ TVR_GUARDED_BY(mutex_) = 0;  // of those who may be stopped
};

/// The API of the web page, without HTTP: values in, JSON and bytes out. Thread-safe. Methods that take a
/// video id throw Error(NotFound) if it is not in the index.
class WebApi {
 public:
  WebApi(SearchService& service, std::filesystem::path run, PageFacts facts);

  [[nodiscard]] nlohmann::json info() const;
  /// `like`: the video, at the second `at_s`, that the results shall look like; empty: the sentence alone.
  [[nodiscard]] nlohmann::json search(SearchQuery query, const std::string& like = {}, double at_s = 0);
  /// A JPEG, PNG or WebP file, any bytes.
  struct PictureBytes {
    std::string_view bytes;
  };
  /// What looks like the picture, and fits the sentence if there is one. Throws Error(Unsupported) for what
  /// is no picture, is too large, or if the model takes none.
  [[nodiscard]] nlohmann::json search(SearchQuery query, PictureBytes picture);
  /// `part`: only videos whose id contains this; `from`: without the first ones.
  [[nodiscard]] nlohmann::json store(const std::string& part, std::int64_t from) const;
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
  /// The video's file, the open one that was examined, or what remux_to_mp4() makes of it. `stop` becomes
  /// true when nobody waits for it any more. Throws Error(Unsupported) if browsers do not play it,
  /// Error(Busy) where too many are being remuxed, Error(Interrupted).
  [[nodiscard]] Media open_media(const std::string& video, const std::function<bool()>& stop);
  struct Clip {
    std::shared_ptr<const SendableFile> file;  // an MP4
    std::string name;                          // for the file where it is kept: "clip@30.0-40.0.mp4"
  };
  /// A part of at most ten minutes of the video, as cut_video() cuts it; `stop` as in open_media(). Throws
  /// Error(InvalidArgument) for a part that the video does not have, Error(Unsupported) where it cannot be
  /// cut, Error(Busy) where too many are being made.
  [[nodiscard]] Clip cut(const std::string& video, double start_s, double end_s,
                         const std::function<bool()>& stop);
  /// A JPEG of the frame at `at_s`; if the video file has moved, a still near that time that was saved
  /// before; empty if there is none.
  [[nodiscard]] std::string thumbnail(const std::string& video, double at_s);

 private:
  [[nodiscard]] nlohmann::json answer(SearchQuery query);
  [[nodiscard]] std::vector<std::string> captions_of(const std::string& id, const TimeSpan& span) const;
  [[nodiscard]] const std::filesystem::path& file_of(const IndexedVideo& video) const;
  [[nodiscard]] MediaFacts facts_at(const std::filesystem::path& path);
  [[nodiscard]] MediaFacts facts_of(const SendableFile& file);
  [[nodiscard]] std::shared_ptr<const SendableFile> remuxed(const SendableFile& file,
                                                            const std::function<bool()>& stop);

  SearchService& service_;
  std::filesystem::path run_;
  PageFacts facts_;
  Stills stills_;
  BoundedCache<std::string> thumbnails_;
  BoundedCache<MediaFacts> media_facts_;
  BoundedCache<std::shared_ptr<const SendableFile>> remuxed_;  // files without a name, gone with the program
  Turnstile decoding_;
  Turnstile remuxing_{2};
  Turnstile pictures_{1};  // a large one takes hundreds of MB while it is decoded
};

}  // namespace tvr
