#include "pipeline/commands/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "data/fingerprint.h"
#include "data/text_file.h"
#include "pipeline/doctor/doctor_checks.h"
#include "pipeline/report/report_step.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::TempFolder;
using testing::write_file;

void parse(CLI::App& command, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // CLI11 wants them last first
  command.parse(arguments);
}

/// A format of its own: lines of "video: caption", all for training.
bool is_tales(const std::filesystem::path& path) {
  return read_text_file(path).find(": ") != std::string::npos;
}
DataSet read_tales(const DatasetSpec& spec) {
  const std::string text = read_text_file(spec.annotations);
  CaptionSetBuilder train;
  train.add({text.substr(0, text.find(": ")), std::nullopt}, text.substr(text.find(": ") + 2));
  return {"tales", train.take(), {}, {}, {}};
}
std::vector<DatasetFile> files_of_tales(const DatasetSpec& spec) { return {{"tales", spec.annotations}}; }

TEST(DataFlags, ShowADataSetThatIsARowMoreAsDoDoctorAndReport) {
  std::vector<DatasetFormat> formats = dataset_formats();
  formats.push_back({"tales", "Tales", "tales.txt", "Doe 2020; https://tales.example", is_tales, read_tales,
                     files_of_tales});
  const TempFolder folder;
  DataOptions options;
  CLI::App command;
  add_data_flags(command, options, formats);
  EXPECT_THAT(command.help(), HasSubstr("tales.txt (Tales)"));

  Checks checks = check_known_files({folder.path()}, false, true, formats);
  std::vector<std::string> names, published;
  for (const Check& check : checks) names.push_back(check.name);
  for (const DatasetFormat& format : formats)
    if (!format.source.empty()) published.push_back(format.title);
  EXPECT_EQ(names, published);
  EXPECT_EQ(checks.back().name, "Tales");
  EXPECT_EQ(checks.back().finding, Finding::Note);
  EXPECT_THAT(checks.back().advice, HasSubstr("https://tales.example"));

  const auto file = write_file(folder / "tales.txt", "v0: a cat");
  checks = check_known_files({folder.path()}, false, true, formats);
  EXPECT_EQ(checks.back().finding, Finding::Ok);

  parse(command, {"--annotations", file.string()});
  const DataSet data = read_dataset(options.dataset, formats);
  EXPECT_EQ(data.train.captions.at(0).text, "a cat");
  const auto rows = provenance_of(options.dataset, formats);
  EXPECT_THAT(rows, Contains(Pair("data set format", "tales.txt (Tales)")));
  EXPECT_THAT(rows, Contains(Pair("tales", HasSubstr(sha256("v0: a cat")))));
}

TEST(DataFlags, TakeCaptionsByEitherFlagButNotByBoth) {
  const TempFolder folder;
  const std::string csv = write_file(folder / "c.csv", "video,caption\na,b\n").string();
  for (const std::string flag : {"--annotations", "--captions"}) {
    DataOptions options;
    CLI::App command;
    add_data_flags(command, options);
    parse(command, {flag, csv});
    EXPECT_EQ(format_of(options.dataset).name, "captions");
    EXPECT_EQ(options.dataset.annotations, csv);
  }
  DataOptions options;
  CLI::App command;
  add_data_flags(command, options);
  EXPECT_THROW(parse(command, {"--annotations", csv, "--captions", csv}), CLI::ExcludesError);
}

TEST(DataFlags, RefuseFractionsThatAreNoNumberInRange) {
  for (const char* flag : {"--val-fraction", "--test-fraction"}) {
    for (const char* value : {"nan", "-0.1", "0.95", "inf", "x"}) {
      DataOptions options;
      CLI::App command;
      add_data_flags(command, options);
      EXPECT_THROW(parse(command, {flag, value}), CLI::ValidationError) << flag << value;
    }
  }
}

}  // namespace
}  // namespace tvr
