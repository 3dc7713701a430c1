#include "pipeline/commands/search_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/error.h"
#include "data/folder_of.h"
#include "data/json_text.h"
#include "data/text_file.h"
#include "extract/media/cut.h"
#include "extract/media/picture_file.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/index_command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/encoders/index_folder.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "pipeline/encoders/run_encoder.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/search/moments.h"
#include "pipeline/search/search_json.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr std::size_t kQueriesAtOnce = 64;
constexpr double kMostSeconds = 1e9;

bool has_example(const SearchArguments& arguments) {
  return !arguments.like.empty() || !arguments.image.empty();
}

std::vector<std::string> sentences_of(const SearchArguments& arguments) {
  if (has_example(arguments) && arguments.queries.empty()) return {arguments.query.sentence};
  if (!arguments.query.sentence.empty() && !arguments.queries.empty()) {
    throw Error(Fault::InvalidArgument, "search",
                "there is a sentence, '" + arguments.query.sentence + "', and --queries FILE too",
                "Pass one of the two");
  }
  if (arguments.query.sentence.empty() && arguments.queries.empty()) {
    throw Error(Fault::InvalidArgument, "search",
                "needs a sentence, --queries FILE, --like VIDEO or --image FILE",
                "pipeline search --index clips.db \"a man is cooking\"");
  }
  if (arguments.queries.empty()) return {arguments.query.sentence};
  std::vector<std::string> sentences;
  const std::string text = read_text_file(arguments.queries);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(std::string_view(text).substr(at, end - at));
    if (!line.empty()) sentences.emplace_back(line);
    at = end + 1;
  }
  return sentences;
}

void require_videos(const SearchIndex& index, const std::filesystem::path& store) {
  if (!index.videos().empty()) return;
  throw Error(Fault::NotFound, store.string(),
              "none of its videos can be searched: none has sound features in every lane of the model",
              "`pipeline store failures " + printable(store.string()) +
                  "` says which failed, `pipeline store verify " + printable(store.string()) +
                  "` which are damaged");
}

/// Warns where no video has the name that --video asks for.
void warn_of_no_match(const SearchIndex& index, const std::string& video) {
  const std::vector<IndexedVideo>& videos = index.videos();
  if (video.empty() || std::any_of(videos.begin(), videos.end(),
                                   [&](const IndexedVideo& each) { return has_name(each.source.id, video); }))
    return;
  warn(fmt::format("--video: none of {} videos matches '{}'; one is '{}'", videos.size(), video,
                   video_line(videos.front().source.id)));
}

/// The part of a video that VIDEO or VIDEO@SECONDS names. A name may itself end in '@' and a number.
ClipFeature example_named(const Searcher& searcher, const std::string& like) {
  try {
    return searcher.example_of(like, std::nullopt);
  } catch (const Error&) {
    const std::size_t sign = like.rfind('@');
    double second = 0;
    const char* const end = like.data() + like.size();
    if (sign == std::string::npos) throw;
    const auto [at, fault] = std::from_chars(like.data() + sign + 1, end, second);
    if (fault != std::errc() || at != end || !(second >= 0 && second < kMostSeconds)) throw;
    return searcher.example_of(like.substr(0, sign), Micros(std::llround(second * 1e6)));
  }
}

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

/// What becomes of the moments besides being printed: clips, and lists for players and editors. Warns of what
/// fails.
class Moments {
 public:
  explicit Moments(const SearchArguments& arguments) : arguments_(arguments) {}

  /// The path of a video, or words in its place. Warns, once, of videos that are not where they were when
  /// their features were extracted.
  std::string path_of(const VideoSource& video) {
    std::error_code unseen;
    if (std::filesystem::exists(video.path, unseen)) return video.path.string();
    if (video.path.empty()) return "imported";  // features without a file
    if (!said_missing_) {
      warn(fmt::format("video not found at {}: it has moved since its features were extracted",
                       printable(video.path.string())));
    }
    said_missing_ = true;
    return "not found";
  }

  /// The clip of a hit, which is cut unless it is there; empty where it cannot be.
  std::string cut(const SearchHit& hit) {
    std::filesystem::path file;
    try {
      file = clip_path(arguments_.cut, hit);
      if (std::filesystem::exists(std::filesystem::symlink_status(file))) {
        say(fmt::format("{} is there already and is left as it is", printable(file.string())));
        return file.string();
      }
      make_folder_of(file, arguments_.cut);
      const CutClip clip = cut_video(hit.source.path, hit.span, file, arguments_.exact);
      if (!clip.copied && !arguments_.exact)
        say(fmt::format("{} was encoded again: its pictures cannot be copied", printable(file.string())));
      if (!clip.silence.empty())
        say(fmt::format("{} has no sound: {}", printable(file.string()), clip.silence));
      return file.string();
    } catch (const std::exception& error) {
      fail(error);
      return {};
    }
  }

  /// Takes a hit for the lists.
  void list(const SearchHit& hit, const std::string& sentence) {
    if (arguments_.m3u.empty() && arguments_.otio.empty() && arguments_.edl.empty()) return;
    try {
      listed_.push_back({hit, sentence, stated_rate(hit.source.path)});
    } catch (const Error& error) {
      fail(error);
    }
  }

  void write_lists() const {
    if (!arguments_.m3u.empty()) write_text(arguments_.m3u, m3u_of(listed_));
    if (!arguments_.otio.empty()) write_text(arguments_.otio, otio_of(listed_));
    if (!arguments_.edl.empty()) write_text(arguments_.edl, edl_of(listed_));
  }

  [[nodiscard]] bool some_failed() const noexcept { return failed_; }

 private:
  void fail(const std::exception& error) {
    warn(error.what());
    failed_ = true;
  }

  const SearchArguments& arguments_;
  std::vector<Moment> listed_;
  bool said_missing_ = false, failed_ = false;
};

const char* found_by(const SearchHit& hit) {
  if (hit.line.empty()) return "pictures";
  return hit.by_pictures ? "both" : "subtitles";
}

std::string table_of(const SearchAnswer& answer, const std::vector<std::string>& clips, Moments& moments) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {
      {"score", Align::Right}, {"video"}, {"from", Align::Right}, {"to", Align::Right}, {"file"}};
  if (!clips.empty()) columns.push_back({"clip"});
  const bool said = std::any_of(answer.hits.begin(), answer.hits.end(),
                                [](const SearchHit& hit) { return !hit.line.empty(); });
  if (said) columns.insert(columns.end(), {{"found by"}, {"said"}});
  Table table(columns);
  for (std::size_t i = 0; i < answer.hits.size(); ++i) {
    const SearchHit& hit = answer.hits[i];
    const auto time = [&](Micros at) { return hit.whole ? std::string() : seconds_text(seconds(at)); };
    std::vector<std::string> row = {fmt::format("{:.3f}", hit.score), video_line(hit.source.id),
                                    time(hit.span.start), time(hit.span.end), moments.path_of(hit.source)};
    if (!clips.empty()) row.push_back(clips[i]);
    if (said) row.insert(row.end(), {found_by(hit), hit.line});
    table.add(row);
  }
  return table.text();
}

void print_answer(const SearchArguments& arguments, const SearchQuery& query, const SearchAnswer& answer,
                  Moments& moments) {
  if (!answer.unknown.empty())
    warn(fmt::format("unknown words in '{}': {}", query.sentence, fmt::join(answer.unknown, ", ")));
  if (!answer.understood) warn(fmt::format("'{}' has no known word: nothing can be found", query.sentence));
  if (const std::string note = note_on(answer); !note.empty())
    warn(fmt::format("'{}': {}", query.sentence, note));
  std::vector<std::string> clips;
  for (const SearchHit& hit : answer.hits) {
    if (!arguments.cut.empty()) clips.push_back(moments.cut(hit));
    moments.list(hit, query.sentence);
  }
  if (arguments.json) {
    nlohmann::json json = json_of(query, answer);
    for (std::size_t i = 0; i < answer.hits.size(); ++i)
      json["results"][i]["path"] = answer.hits[i].source.path.string();
    for (std::size_t i = 0; i < clips.size(); ++i) {
      if (!clips[i].empty()) json["results"][i]["clip"] = clips[i];
    }
    fmt::print("{}\n", json_line(json));
    return;
  }
  if (!arguments.queries.empty()) fmt::print("# {}\n", printable(query.sentence));
  fmt::print("{}", table_of(answer, clips, moments));
}

}  // namespace

std::filesystem::path folder_of(const ModelToSearch& what) {
  return what.run.empty() ? index_folder(what.index) : what.run;
}

void index_videos(ModelToSearch& what) {
  if (!what.videos.is_named() || !what.run.empty() || !what.index.empty()) return;
  if (what.encoder.empty()) {
    throw Error(Fault::InvalidArgument, "--videos", "nothing says which model these videos are searched with",
                "Pass --encoder FOLDER, a pretrained pair (docs/ENCODERS.md), or search a run by --run");
  }
  IndexOptions options;
  options.encoder = what.encoder;
  options.videos = what.videos;
  options.store = what.store;
  (void)update_index(options);
  what.index = store_of(options);
}

std::unique_ptr<Searcher> open_searcher(const ModelToSearch& what, bool many_sentences,
                                        const Progress& progress) {
  if (what.run.empty() == what.index.empty()) {
    throw Error(Fault::InvalidArgument, "--index, --videos or --run",
                "a model and the videos to search are needed",
                "Pass --index FILE.db, made by `pipeline index`; or --videos FOLDER and --encoder FOLDER; or "
                "--run FOLDER, a trained run");
  }
  std::filesystem::path store = what.index;
  std::unique_ptr<EncoderPair> encoders;
  if (what.run.empty()) {
    const std::filesystem::path folder = what.encoder.empty() ? remembered_encoder(what.index) : what.encoder;
    encoders = open_pretrained(folder);
    (void)encoders->lanes_in(FeatureStore(what.index));  // that of the index
    try {
      remember_encoder(what.index, folder);
    } catch (const std::exception& error) {  // an index on a read-only file system is searched all the same
      warn(fmt::format("where the encoder is was not kept: {}", error.what()));
    }
  } else {
    RunManifest run = read_run(what.run, what.store, what.word_vectors);
    if (!what.store.empty()) run.store = what.store;
    if (!what.word_vectors.empty()) {
      run.word_vectors = what.word_vectors;
      run.word_vectors_content.clear();
    }
    move_encoder(run, what.encoder);
    store = run.store;
    encoders = open_run(run);
  }
  if (many_sentences) encoders->prepare();
  return std::make_unique<Searcher>(std::move(encoders),
                                    SearchOptions{store, folder_of(what) / "search_index.bin", what.windows,
                                                  folder_of(what) / "subtitles.db", what.subtitles},
                                    progress);
}

int run_search(const SearchArguments& arguments) {
  if (arguments.exact && arguments.cut.empty())
    throw Error(Fault::InvalidArgument, "--exact", "nothing is cut", "Pass --cut FOLDER, too");
  const std::vector<std::string> sentences = sentences_of(arguments);
  ModelToSearch model = arguments.search;
  index_videos(model);
  ProgressLine line("search: embedding", "videos", 0);
  const std::unique_ptr<Searcher> opened =
      open_searcher(model, sentences.size() > kQueriesAtOnce, progress_on(line));
  Searcher& searcher = *opened;
  warn_of_damaged(searcher.index()->damaged());
  require_videos(*searcher.index(), searcher.store());
  warn_of_no_match(*searcher.index(), arguments.query.video);
  if (const std::string note = note_on_random(searcher.random_lanes()); !note.empty()) warn(note);
  SearchQuery query = arguments.query;
  if (!arguments.like.empty()) query.example = example_named(searcher, arguments.like);
  if (!arguments.image.empty()) query.example = searcher.example_of(read_picture(arguments.image));
  Moments moments(arguments);
  for (std::size_t begin = 0; begin < sentences.size(); begin += kQueriesAtOnce) {
    std::vector<SearchQuery> queries;
    for (std::size_t i = begin; i < std::min(begin + kQueriesAtOnce, sentences.size()); ++i) {
      queries.push_back(query);
      queries.back().sentence = sentences[i];
    }
    const std::vector<SearchAnswer> answers = searcher.answer(queries);
    for (std::size_t i = 0; i < answers.size(); ++i) print_answer(arguments, queries[i], answers[i], moments);
  }
  moments.write_lists();
  return moments.some_failed() ? kSomeVideosFailed : kDone;
}

void add_search_flags(CLI::App& command, ModelToSearch& options) {
  auto* const run = command.add_option("--run", options.run, "folder of a run whose trained model is used")
                        ->transform(absolute_path());
  auto* const index =
      command.add_option("--index", options.index, "index of videos made by `pipeline index`, FILE.db")
          ->check(CLI::ExistingFile)
          ->excludes(run);
  command
      .add_option(
          "--encoder", options.encoder,
          "folder of a pretrained encoder pair (docs/ENCODERS.md); default: the one of --index, or the "
          "one that the head of --run was trained on")
      ->transform(encoder_folder());
  command
      .add_option(
          "--store", options.store,
          "feature store to search, or several by a pattern in quotes: 'parts/*.db' (default: the run's "
          "own)")
      ->excludes(index);
  command
      .add_option("--word-vectors", options.word_vectors,
                  "word vectors that the run was trained with, if the file has moved")
      ->check(CLI::ExistingFile);
  command
      .add_option(
          "--subtitles", options.subtitles,
          "folder of subtitles that do not lie beside the videos: VIDEO.srt, .vtt, or .csv as HowTo100M's")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--window", options.windows.window_s,
                  "length in seconds of the moments that long videos are split into")
      ->capture_default_str();
  command
      .add_option("--long", options.windows.long_s,
                  "videos longer than this many seconds are split into moments")
      ->capture_default_str();
}

void add_search_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SearchArguments>();
  CLI::App* const command = add_command(app, "search");
  add_search_flags(*command, arguments->search);
  command
      ->add_option("--videos", arguments->search.videos.folder,
                   "with --encoder: folder of videos, which are indexed before the search")
      ->check(CLI::ExistingDirectory)
      ->transform(absolute_path())
      ->excludes("--run")
      ->excludes("--index");
  command->add_option_function<std::vector<std::string>>(
      "sentence",
      [arguments](const std::vector<std::string>& words) {
        arguments->query.sentence = fmt::format("{}", fmt::join(words, " "));
      },
      "what to search for: all words, with or without quotes");
  command
      ->add_option("--queries", arguments->queries, "file with one sentence per line, instead of a sentence")
      ->check(CLI::ExistingFile);
  auto* const like =
      command
          ->add_option("--like", arguments->like,
                       "VIDEO or VIDEO@SECONDS: find what looks like it; with a sentence, what fits both")
          ->check(
              [](const std::string& video) { return std::string(video.empty() ? "no video is named" : ""); });
  command
      ->add_option("--image", arguments->image,
                   "JPEG, PNG or WebP: find what looks like it; with a sentence, what fits both")
      ->check(CLI::ExistingFile)
      ->excludes(like);
  command
      ->add_option("--example-weight", arguments->query.example_weight,
                   "share of --like or --image beside a sentence, from 0 to 1")
      ->check(number_within(0, 1))
      ->capture_default_str();
  command->add_option("--top", arguments->query.top, "number of videos to show")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--video", arguments->query.video,
                      "only videos whose name contains this text, or matches it where it has a * or ?");
  add_choice(*command, "--in", arguments->query.in, kSearchIn,
             "what to search: the pictures, the subtitles beside the videos, or both, joined");
  command->add_flag("--json", arguments->json, "print JSON, one line per sentence");
  const std::string group = "Moments as files";
  command
      ->add_option("--cut", arguments->cut,
                   "folder to write each moment to as an MP4 with sound, copied from the key frame before "
                   "it; what is there is never overwritten")
      ->group(group);
  command
      ->add_flag("--exact", arguments->exact,
                 "clips of exactly the moments, whose pictures are encoded again (H.264)")
      ->group(group);
  command->add_option("--m3u", arguments->m3u, "write a playlist of the moments (M3U, for VLC)")
      ->group(group);
  command
      ->add_option("--otio", arguments->otio, "write a timeline of the moments for editors (OpenTimelineIO)")
      ->group(group);
  command->add_option("--edl", arguments->edl, "write an edit decision list of the moments (CMX 3600)")
      ->group(group);
  command->footer(
      "Example: pipeline search --run demo-run a red ball rolls\n"
      "         pipeline search --index clips.db --video 'beach/*' \"a dog's tail\"");
  command->callback([arguments, &exit_code] { exit_code = run_search(*arguments); });
}

}  // namespace tvr
