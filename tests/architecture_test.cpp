// The table of docs/ARCHITECTURE.md as a test: who may include whom.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace tvr {
namespace {

namespace fs = std::filesystem;

using Table = std::map<std::string, std::set<std::string>>;

/// The first table: the rooms of the house.
const Table kRooms = {
    {"data", {"data"}},
    {"towers", {"data", "towers"}},
    {"extract", {"data", "towers", "extract"}},
    {"text", {"data", "text"}},
    {"model", {"data", "model"}},
    {"pipeline", {"data", "towers", "extract", "text", "model", "pipeline"}},
};

/// The second: the rooms inside of data/, extract/ and pipeline/, without what stands in the first. A file
/// belongs to the longest of these names that its path begins with.
const Table kInnerRooms = {
    {"data", {}},
    {"data/tensors", {"data"}},
    {"data/datasets", {"data", "data/tensors"}},
    {"data/store", {"data", "data/tensors", "data/datasets"}},
    {"data/narrations", {"data", "data/tensors", "data/datasets"}},
    {"data/subtitles", {"data", "data/datasets", "data/store", "data/narrations"}},

    {"extract", {"extract/media", "extract/networks"}},
    {"extract/media", {"extract", "extract/cuda"}},
    {"extract/networks", {"extract", "extract/cuda"}},
    {"extract/decoding", {"extract", "extract/media"}},
    {"extract/cuda", {"extract", "extract/media", "extract/networks"}},
    {"extract/no_cuda", {"extract", "extract/media", "extract/networks", "extract/cuda"}},

    {"pipeline/terminal", {}},
    {"pipeline/machine", {}},
    {"pipeline/demo", {}},
    {"pipeline/frames", {}},
    {"pipeline/downloads", {}},
    {"pipeline/run", {"pipeline/machine"}},
    {"pipeline/encoders", {"pipeline/run"}},
    {"pipeline/cluster", {}},
    {"pipeline/extraction", {"pipeline/terminal", "pipeline/machine"}},
    {"pipeline/doctor", {"pipeline/terminal", "pipeline/machine"}},
    {"pipeline/search", {"pipeline/encoders", "pipeline/run", "pipeline/terminal"}},
    {"pipeline/narrated", {}},
    {"pipeline/learning", {"pipeline/narrated", "pipeline/encoders", "pipeline/run", "pipeline/terminal"}},
    {"pipeline/localization", {"pipeline/encoders", "pipeline/run", "pipeline/terminal"}},
    {"pipeline/serve", {"pipeline/search", "pipeline/encoders", "pipeline/run", "pipeline/terminal"}},
    {"pipeline/report",
     {"pipeline/learning", "pipeline/encoders", "pipeline/run", "pipeline/machine", "pipeline/terminal"}},
    {"pipeline/commands",
     {"pipeline/terminal", "pipeline/machine", "pipeline/demo", "pipeline/frames", "pipeline/downloads",
      "pipeline/run", "pipeline/encoders", "pipeline/cluster", "pipeline/extraction", "pipeline/doctor",
      "pipeline/search", "pipeline/narrated", "pipeline/learning", "pipeline/localization", "pipeline/serve",
      "pipeline/report"}},
};

/// Third parties by the beginning of their include, and the rooms that may use them, rooms inside of these
/// included. The longest beginning counts.
const Table kThirdParties = {
    {"sqlite3", {"data"}},
    {"openssl/", {"data"}},
    {"zlib.h", {"data"}},
    {"curl/", {"pipeline/downloads"}},
    {"libav", {"extract", "pipeline/demo"}},
    {"libsw", {"extract", "pipeline/demo"}},
    {"oneapi/", {"extract", "towers"}},
    {"torch/", {"extract", "model"}},
    {"ATen/", {"extract", "model"}},
    {"c10/", {"extract", "model"}},
    {"onnxruntime", {"extract/networks"}},
    {"mpi", {"model/distributed"}},
    {"fasttext/", {"text"}},
    {"Eigen/", {"text"}},
    {"utf8proc", {"data", "text", "pipeline/terminal"}},
    {"tbb/", {"pipeline/extraction", "pipeline/demo"}},
    {"tbb/version.h", {"pipeline/machine"}},
    {"CLI/", {"pipeline/commands"}},
    {"boost/", {"pipeline/serve"}},
    {"boost/math/", {"model"}},
    {"httplib", {}},  // the client of the tests
    {"jerror.h", {"extract/media"}},
    {"jpeglib.h", {"extract/media"}},
    {"opencv2/", {"extract/media", "pipeline/demo", "pipeline/commands"}},
    {"opencv2/core/", {"extract/media", "pipeline/demo", "pipeline/machine"}},
    {"nlohmann/", {"data", "extract", "text", "model", "pipeline", "towers"}},
    {"fmt/", {"data", "extract", "text", "model", "pipeline"}},
};

bool is_in(const std::string& path, const std::string& room) {
  return path == room || path.rfind(room + "/", 0) == 0;
}

/// The longest key of `table` that `path` lies in; empty: none.
std::string room_of(const std::string& path, const Table& table) {
  std::string longest;
  for (const auto& [room, unused] : table) {
    if (is_in(path, room) && room.size() > longest.size()) longest = room;
  }
  return longest;
}

std::string listed(const std::set<std::string>& rooms) {
  std::string text;
  for (const std::string& room : rooms) text += (text.empty() ? "" : ", ") + room;
  return text;
}

/// What is wrong with the includes of one file, a sentence each.
std::vector<std::string> complaints(const std::string& file, std::istream& source) {
  static const std::regex include(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<std::string> found;
  std::string line;
  for (int number = 1; std::getline(source, line); ++number) {
    std::smatch match;
    if (!std::regex_search(line, match, include)) continue;
    const std::string path = match[2];
    const std::string where = file + ":" + std::to_string(number) + ": ";
    for (const Table* table : {&kRooms, &kInnerRooms}) {
      const std::string from = room_of(file, *table), to = room_of(path, *table);
      const bool both_inside = !from.empty() && !to.empty() && match[1] == "\"";
      const bool one_house = table == &kRooms || from.substr(0, from.find('/')) == to.substr(0, to.find('/'));
      if (!both_inside || !one_house || from == to || table->at(from).count(to) > 0) continue;
      found.push_back(where + path + " is not for " + from + ", which may include " +
                      listed(table->at(from)));
    }
    std::string library;
    for (const auto& [beginning, unused] : kThirdParties) {
      if (path.rfind(beginning, 0) == 0 && beginning.size() > library.size()) library = beginning;
    }
    if (library.empty() || match[1] != "<") continue;
    const std::set<std::string>& rooms = kThirdParties.at(library);
    if (std::none_of(rooms.begin(), rooms.end(), [&](const auto& room) { return is_in(file, room); }))
      found.push_back(where + path + " is for " + listed(rooms) + " alone");
  }
  return found;
}

/// Every source file of the rooms, its path from the top.
std::vector<fs::path> source_files() {
  std::vector<fs::path> files;
  for (const auto& [room, unused] : kRooms) {
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(fs::path(TVR_SOURCE_DIR) / room)) {
      const std::string extension = entry.path().extension();
      if (extension == ".h" || extension == ".cpp" || extension == ".cu")
        files.push_back(fs::relative(entry.path(), TVR_SOURCE_DIR));
    }
  }
  return files;
}

std::string text_of(const fs::path& file) {
  std::ifstream source(fs::path(TVR_SOURCE_DIR) / file);
  return {std::istreambuf_iterator<char>(source), {}};
}

TEST(Architecture, EveryRoomIncludesOnlyWhatItMay) {
  const std::vector<fs::path> files = source_files();
  for (const fs::path& file : files) {
    std::istringstream source(text_of(file));
    for (const std::string& complaint : complaints(file.string(), source)) ADD_FAILURE() << complaint;
    const bool in_pipeline = file.string().rfind("pipeline/", 0) == 0;
    EXPECT_TRUE(!in_pipeline || !room_of(file.string(), kInnerRooms).empty())
        << file << " lies in no room of pipeline/";
  }
  EXPECT_GT(files.size(), 250u);
}

TEST(Architecture, TheCheckFindsWhatIsNotAllowed) {
  std::istringstream text("#include <vector>\n#include \"model/trainer.h\"\n  # include <sqlite3.h>\n");
  std::vector<std::string> found = complaints("text/x.cpp", text);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], "text/x.cpp:2: model/trainer.h is not for text, which may include data, text");
  EXPECT_EQ(found[1], "text/x.cpp:3: sqlite3.h is for data alone");
  std::istringstream search(
      "#include \"pipeline/run/digester.h\"\n#include \"pipeline/serve/web_api.h\"\n#include "
      "<CLI/CLI.hpp>\n");
  found = complaints("pipeline/search/x.h", search);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0],
            "pipeline/search/x.h:2: pipeline/serve/web_api.h is not for pipeline/search, which may include "
            "pipeline/encoders, pipeline/run, pipeline/terminal");
  EXPECT_EQ(found[1], "pipeline/search/x.h:3: CLI/CLI.hpp is for pipeline/commands alone");
  std::istringstream store("#include \"data/store/recipe.h\"\n");
  EXPECT_EQ(complaints("data/datasets/x.cpp", store).size(), 1u);
}

/// Exit codes go by the name of their header. Results are printed by commands alone, everything else that is
/// said goes through the terminal room.
TEST(Architecture, OnlyCommandsPrintAndOnlyTheTerminalRoomTalks) {
  static const std::regex prints(R"re(\bstdout\b|std::cout|fmt::print\(|[^n]printf\(|\bputs\()re");
  static const std::regex talks(R"re(\bstderr\b|std::cerr)re");
  static const std::regex comment(R"re(//[^\n]*)re");
  for (const fs::path& file : source_files()) {
    const std::string code = std::regex_replace(text_of(file), comment, "");
    const std::string room = room_of(file.string(), kInnerRooms);
    const bool may_talk = room == "pipeline/terminal", may_print = may_talk || room == "pipeline/commands";
    EXPECT_TRUE(may_print || !std::regex_search(code, prints))
        << file << " prints: that is for pipeline/commands";
    EXPECT_TRUE(may_talk || !std::regex_search(code, talks))
        << file << " writes to stderr: use say(), warn(), complain()";
  }
}

/// The types that a file defines at the beginning of a line and outside of unnamed namespaces.
std::set<std::string> types_of(const std::string& text) {
  static const std::regex definition(
      R"re(^(namespace \{)|^(\}  // namespace$)|^(?:class|struct|enum class) (\w+)(?: final)?(?: : [^;{]*)? \{)re",
      std::regex::ECMAScript | std::regex::multiline);
  std::set<std::string> types;
  bool unnamed = false;
  for (std::sregex_iterator match(text.begin(), text.end(), definition), end; match != end; ++match) {
    if ((*match)[1].matched || (*match)[2].matched) unnamed = (*match)[1].matched;
    if ((*match)[3].matched && !unnamed) types.insert((*match)[3]);
  }
  return types;
}

/// Two types of one name in one namespace break the one-definition rule: where both are linked, one's
/// destructor may be called for the other.
TEST(Architecture, NoTwoTypesHaveOneName) {
  EXPECT_EQ(
      types_of(
          "class A final : public B {\n};\nnamespace {\nstruct C {\n};\n}  // namespace\nenum class D {\n"),
      (std::set<std::string>{"A", "D"}));
  std::map<std::string, fs::path> known;
  for (const fs::path& file : source_files()) {
    if (file.string().find("/no_cuda/") != std::string::npos)
      continue;  // a twin, linked in the other's place
    for (const std::string& type : types_of(text_of(file))) {
      const auto [place, fresh] = known.emplace(type, file);
      EXPECT_TRUE(fresh) << type << " is defined in " << file << " and in " << place->second;
    }
  }
  EXPECT_GT(known.size(), 300u);
}

TEST(Architecture, HeadersKeepTorchOut) {
  // Two hand on tensors, from one source in a folder cuda/ to another; no header may include these either.
  const std::set<std::string> of_tensors = {"extract/cuda/torch_network.h", "model/cuda/training_ops.h"};
  std::set<std::string> slow = {"<torch/", "<ATen/", "<c10/"};
  for (const std::string& header : of_tensors) slow.insert('"' + header);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(TVR_SOURCE_DIR)) {
    const std::string path = fs::relative(entry.path(), TVR_SOURCE_DIR).string();
    if (entry.path().extension() != ".h" || path.rfind("build", 0) == 0 || of_tensors.count(path) > 0)
      continue;
    std::ifstream source(entry.path());
    const std::string text((std::istreambuf_iterator<char>(source)), {});
    for (const std::string& beginning : slow) {
      EXPECT_EQ(text.find("#include " + beginning), std::string::npos)
          << path << " includes " << beginning << "...: nine seconds per source file";
    }
  }
}

}  // namespace
}  // namespace tvr
