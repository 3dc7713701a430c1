#include "pipeline/downloads/download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "data/atomic_file.h"
#include "data/cache_folder.h"
#include "data/descriptor.h"
#include "data/error.h"
#include "data/fingerprint.h"
#include "data/write_error.h"
#include "pipeline/downloads/transfer.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

/// The largest file that is taken where the table knows no size.
constexpr std::int64_t kMostBytes = 64LL << 30;

std::string size_words(std::int64_t bytes) {
  return bytes > 0 ? std::to_string(bytes) + " bytes" : "size not known here";
}

std::string hash_words(const PublishedFile& file) {
  if (file.sha256.empty()) return "not verified here";
  return (file.sha256.size() < 64 ? "SHA-256 begins with " : "SHA-256 ") + file.sha256;
}

bool has_hash(const PublishedFile& file, const std::string& digest) {
  return digest.compare(0, file.sha256.size(), file.sha256) == 0;
}

/// Throws unless the file at `path` is what the table says.
void require_published(const PublishedFile& file, const fs::path& path, const std::string& advice) {
  const auto size = static_cast<std::int64_t>(fs::file_size(path));
  if (file.bytes > 0 && size != file.bytes) {
    throw Error(Fault::Mismatch, path.string(),
                "has " + std::to_string(size) + " bytes, wanted " + std::to_string(file.bytes), advice);
  }
  if (file.sha256.empty()) return;
  const std::string digest = sha256_file(path);
  if (!has_hash(file, digest)) {
    throw Error(Fault::Mismatch, path.string(), "has the SHA-256 " + digest + ", wanted " + file.sha256,
                advice);
  }
}

void sleep_for(double seconds, const std::function<bool()>& go_on) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < until && go_on()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

/// What has come of a file, on disk. Held by one process at a time.
class Part {
 public:
  Part(const fs::path& folder, const std::string& name)
      : path_(folder / ("." + name + ".part")), etag_path_(folder / ("." + name + ".etag")) {
    const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file < 0) throw write_error(path_.string(), "cannot be made", errno);
    file_ = Descriptor(file);
    if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0)
      throw Error(Fault::Busy, path_.string(), "another process is getting this file");
    const struct stat status = status_of(file_, path_.string());
    if (!S_ISREG(status.st_mode)) throw Error(Fault::Unsupported, path_.string(), "not a regular file");
    bytes_ = status.st_size;
    std::ifstream in(etag_path_, std::ios::binary);
    etag_.assign(std::istreambuf_iterator<char>(in), {});
  }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  [[nodiscard]] std::int64_t bytes() const noexcept { return bytes_; }
  /// Empty: the server gave none.
  [[nodiscard]] const std::string& etag() const noexcept { return etag_; }

  void restart(const std::string& etag) {
    if (ftruncate(file_.get(), 0) != 0) throw write_error(path_.string(), "cannot be emptied", errno);
    bytes_ = 0;
    etag_ = etag;
    if (etag.empty()) {
      fs::remove(etag_path_);
      return;
    }
    AtomicFile out(etag_path_);
    out.write(etag);
    out.commit();
  }

  void append(std::string_view data) {
    while (!data.empty()) {
      const ssize_t written = pwrite(file_.get(), data.data(), data.size(), bytes_);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw write_error(path_.string(), "cannot be written", errno);
      bytes_ += written;
      data.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void remove() {
    fs::remove(path_);
    fs::remove(etag_path_);
  }

  void become(const fs::path& name) {
    if (fsync(file_.get()) != 0) throw write_error(path_.string(), "cannot be written", errno);
    fs::rename(path_, name);
    fs::remove(etag_path_);
  }

 private:
  fs::path path_, etag_path_;
  Descriptor file_;
  std::int64_t bytes_ = 0;
  std::string etag_;
};

/// One file on its way.
class FileDownload {
 public:
  FileDownload(const Download& download, const PublishedFile& file, const fs::path& folder,
               const DownloadOptions& options, const Progress& progress)
      : file_(file),
        name_(folder / file.name),
        url_(url_of(download, file, options)),
        options_(options),
        progress_(progress),
        part_(folder, file.name),
        stage_(download.name + "/" + file.name) {}

  void run() {
    if (fs::exists(name_)) {  // another process was faster
      part_.remove();
      return;
    }
    require_room();
    for (bool again = part_.bytes() > 0;; again = false) {
      fetch();
      try {
        require_published(file_, part_.path(), "Try again later, or pass another --from");
        break;
      } catch (const Error& error) {
        if (error.fault() == Fault::Mismatch) part_.restart("");
        if (error.fault() != Fault::Mismatch || !again) {
          part_.remove();
          throw;
        }
      }  // what was there before may have been of another version: once more, from the beginning
    }
    part_.become(name_);
  }

 private:
  void require_room() const {
    std::error_code unknown;
    const fs::space_info space = fs::space(part_.path().parent_path(), unknown);
    if (unknown || file_.bytes == 0) return;
    const std::int64_t wanted = file_.bytes - part_.bytes();
    if (wanted > 0 && space.available < static_cast<std::uintmax_t>(wanted))
      throw write_error(name_.string(), std::to_string(wanted) + " bytes are still to come", ENOSPC);
  }

  [[nodiscard]] bool go_on() const {
    if (!progress_) return true;
    return progress_({stage_, part_.bytes(), file_.bytes > 0 ? file_.bytes : total_});
  }

  /// Until the part is whole, as far as the server and the table say.
  void fetch() {
    if (file_.bytes > 0 && part_.bytes() > file_.bytes) part_.restart("");
    double wait_s = options_.wait_s;
    std::int64_t most = part_.bytes();
    for (int failed = 0; file_.bytes == 0 || part_.bytes() < file_.bytes;) {
      const TransferResult result = request();
      if (result.end == TransferEnd::Stopped)
        throw Error(Fault::Interrupted, url_, result.words, "Run the same command again: it goes on");
      if (result.end == TransferEnd::Complete && result.status != 416) break;
      if (result.status == 416 && is_all_there_) break;
      const bool is_new = part_.bytes() > most;
      most = std::max(most, part_.bytes());
      failed = is_new ? 1 : failed + 1;
      if (is_new) wait_s = options_.wait_s;
      if (!may_try_again(result) || failed >= options_.tries) fail(result);
      sleep_for(wait_s, [this] { return go_on(); });
      wait_s *= 2;
    }
  }

  [[nodiscard]] static bool may_try_again(const TransferResult& result) {
    if (result.end == TransferEnd::CutShort || result.status == 416) return true;
    return result.end == TransferEnd::Refused &&
           (result.status == 408 || result.status == 429 || result.status >= 500);
  }

  TransferResult request() {
    TransferRequest request;
    request.url = url_;
    request.stall_s = options_.stall_s;
    // Without an ETag only the hash can tell whether the rest belongs to what is there.
    if (part_.etag().empty() && file_.sha256.empty()) part_.restart("");
    request.from = part_.bytes();
    request.validator = part_.etag();
    is_all_there_ = false;
    TransferSink sink;
    sink.begin = [this](const ResponseHead& head) { begin(head); };
    sink.data = [this](std::string_view bytes) { take(bytes); };
    sink.go_on = [this] { return go_on(); };
    return transfer(request, sink);
  }

  void begin(const ResponseHead& head) {
    total_ = std::max<std::int64_t>(0, head.total);
    if (head.status == 416) {  // nothing from there on: the file ends here, or it is another one by now
      is_all_there_ = head.total == part_.bytes() && head.total > 0;
      if (!is_all_there_) part_.restart("");
    }
    if (head.status != 200 && head.status != 206) return;
    if (head.content_type.rfind("text/html", 0) == 0) {
      throw Error(Fault::Mismatch, url_, "a web page came instead of the file",
                  "Open the address in a browser: it may ask to log in, or to agree to a licence");
    }
    if (file_.bytes > 0 && head.total >= 0 && head.total != file_.bytes) {
      throw Error(Fault::Mismatch, url_,
                  "the server has a file of " + std::to_string(head.total) + " bytes, wanted " +
                      std::to_string(file_.bytes),
                  "Pass another --from");
    }
    if (head.status == 200) {
      part_.restart(head.etag);
    } else if (head.from != part_.bytes()) {
      part_.restart("");
      throw Error(Fault::Mismatch, url_, "the server sent another part of the file than was asked for",
                  "Run the same command again: it begins anew");
    }
  }

  void take(std::string_view bytes) {
    const std::int64_t most = file_.bytes > 0 ? file_.bytes : kMostBytes;
    if (static_cast<std::int64_t>(bytes.size()) > most - part_.bytes()) {
      part_.remove();
      throw Error(Fault::Mismatch, url_, "more than " + std::to_string(most) + " bytes came");
    }
    part_.append(bytes);
  }

  [[noreturn]] void fail(const TransferResult& result) const {
    const Fault fault = result.status == 404 || result.status == 410 ? Fault::NotFound : Fault::Unreadable;
    throw Error(
        fault, url_,
        result.words +
            (part_.bytes() > 0 ? "; " + std::to_string(part_.bytes()) + " bytes are there, and kept" : ""));
  }

  const PublishedFile& file_;
  fs::path name_;
  std::string url_;
  const DownloadOptions& options_;
  const Progress& progress_;
  Part part_;
  std::string stage_;
  std::int64_t total_ = 0;
  bool is_all_there_ = false;
};

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

std::optional<fs::path> find_download(const std::string& name) {
  const Download* const row = download_named(name);
  if (row == nullptr) return std::nullopt;
  const fs::path folder = cache_folder() / name;
  for (const PublishedFile& file : row->files) {
    if (fs::is_regular_file(folder / file.name)) continue;
    throw Error(Fault::NotFound, name, (folder / file.name).string() + " is missing",
                "Run `pipeline get " + name + "`");
  }
  return row->files.size() == 1 ? folder / row->files.front().name : folder;
}

std::string url_of(const Download& download, const PublishedFile& file, const DownloadOptions& options) {
  static const std::string kHub = "https://huggingface.co";
  if (!options.mirror.empty()) return without_slash(options.mirror) + "/" + download.name + "/" + file.name;
  if (!options.hf_endpoint.empty() && file.url.rfind(kHub + "/", 0) == 0)
    return without_slash(options.hf_endpoint) + file.url.substr(kHub.size());
  return file.url;
}

std::string by_hand(const Download& download, const fs::path& folder, const DownloadOptions& options) {
  std::string text;
  for (const PublishedFile& file : download.files) {
    if (fs::exists(folder / file.name)) continue;
    text += "  " + url_of(download, file, options) + "\n    " + size_words(file.bytes) + ", " +
            hash_words(file) + "\n    as " + (folder / file.name).string() + "\n";
  }
  return text;
}

void get_download(const Download& download, const fs::path& folder, const DownloadOptions& options,
                  const Progress& progress) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw write_error(folder.string(), "cannot be made", failed.value());
  for (const PublishedFile& file : download.files) {
    if (fs::exists(folder / file.name))
      require_published(file, folder / file.name, "Remove it and run the same command again");
    else
      FileDownload(download, file, folder, options, progress).run();
  }
}

}  // namespace tvr
