// The table of docs/ARCHITECTURE.md as a test: who may include whom.
#include <gtest/gtest.h>

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

const std::map<std::string, std::set<std::string>> kRooms = {
    {"data", {"data"}},
    {"extract", {"data", "extract"}},
    {"text", {"data", "text"}},
    {"model", {"data", "model"}},
    {"pipeline", {"data", "extract", "text", "model", "pipeline"}},
};

/// Third parties by the beginning of their include, and the rooms that may use them.
const std::map<std::string, std::set<std::string>> kThirdParties = {
    {"sqlite3", {"data"}},
    {"openssl/", {"data"}},
    {"libav", {"extract", "pipeline"}},
    {"libsw", {"extract", "pipeline"}},
    {"oneapi/", {"extract"}},
    {"torch/", {"extract", "model"}},
    {"ATen/", {"extract", "model"}},
    {"c10/", {"extract", "model"}},
    {"fasttext/", {"text"}},
    {"utf8proc", {"text", "pipeline"}},
    {"tbb/", {"pipeline"}},
    {"CLI/", {"pipeline"}},
    {"httplib", {"pipeline"}},
    {"opencv2/", {"extract", "pipeline"}},
    {"nlohmann/", {"data", "extract", "model", "pipeline"}},
    {"fmt/", {"data", "extract", "text", "model", "pipeline"}},
};

std::string listed(const std::set<std::string>& rooms) {
  std::string text;
  for (const std::string& room : rooms) text += (text.empty() ? "" : ", ") + room;
  return text;
}

/// What is wrong with the includes of one file, a sentence each.
std::vector<std::string> complaints(const std::string& room, const std::string& file, std::istream& source) {
  static const std::regex include(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<std::string> found;
  std::string line;
  for (int number = 1; std::getline(source, line); ++number) {
    std::smatch match;
    if (!std::regex_search(line, match, include)) continue;
    const std::string path = match[2];
    const std::string where = file + ":" + std::to_string(number) + ": ";
    const std::string first = path.substr(0, path.find('/'));
    if (match[1] == "\"" && kRooms.count(first) > 0 && kRooms.at(room).count(first) == 0) {
      found.push_back(where + path + " is not for " + room + ", which may include " +
                      listed(kRooms.at(room)));
    }
    for (const auto& [beginning, rooms] : kThirdParties) {
      if (path.rfind(beginning, 0) == 0 && rooms.count(room) == 0) {
        found.push_back(where + path + " is for " + listed(rooms) + " alone");
      }
    }
  }
  return found;
}

TEST(Architecture, EveryRoomIncludesOnlyWhatItMay) {
  int files = 0;
  for (const auto& [room, unused] : kRooms) {
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(fs::path(TVR_SOURCE_DIR) / room)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      ++files;
      std::ifstream source(entry.path());
      for (const std::string& complaint :
           complaints(room, fs::relative(entry.path(), TVR_SOURCE_DIR).string(), source)) {
        ADD_FAILURE() << complaint;
      }
    }
  }
  EXPECT_GT(files, 100);
}

TEST(Architecture, TheCheckFindsWhatIsNotAllowed) {
  std::istringstream bad("#include <vector>\n#include \"model/trainer.h\"\n  # include <sqlite3.h>\n");
  const std::vector<std::string> found = complaints("text", "text/x.cpp", bad);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], "text/x.cpp:2: model/trainer.h is not for text, which may include data, text");
  EXPECT_EQ(found[1], "text/x.cpp:3: sqlite3.h is for data alone");
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
