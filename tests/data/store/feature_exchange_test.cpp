#include "data/store/feature_exchange.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <map>

#include "data/csv.h"
#include "data/tensors/npy.h"
#include "data/tensors/pth.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/base64.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using Access = FeatureStore::Access;
using testing::expect_error;
using testing::extracted;
using testing::TempFolder;

const FeatureFileNames kByLane = FeatureFileNames::by_pattern("{lane}/{video}.npy");

/// Three videos in two lanes; ids with a folder, a blank and a brace.
void fill(const std::filesystem::path& path) {
  FeatureStore store(path, Access::ReadWrite);
  const std::int64_t two = store.add_recipe({"2d", "{}", "random:seed=1"});
  const std::int64_t three = store.add_recipe({"3d", "{}", "random:seed=1"});
  for (const char* id : {"a", "floor 3/\xc3\xa4", "{lane}"}) {
    store.write(extracted(id, two));
    store.write(extracted(id, three));
  }
}

void write_values(const std::filesystem::path& path, const std::vector<float>& values, std::int64_t columns) {
  std::filesystem::create_directories(path.parent_path());
  const auto rows = static_cast<std::int64_t>(values.size()) / columns;
  write_npy(path, Tensor::from_floats({rows, columns}, values.data()));
}

std::vector<float> values_of(const FeatureSequence& features) {
  return {features.values.data(), features.values.data() + features.values.rows() * features.values.cols()};
}

TEST(FeatureExchange, NpyFilesGoOutAndComeBackAsTheyWere) {
  const TempFolder folder;
  fill(folder / "s.db");
  const ExportReport out = export_npy(folder / "s.db", {}, folder / "npy", kByLane);
  ASSERT_EQ(out.lanes.size(), 2u);
  EXPECT_EQ(out.lanes[0].videos, 3);
  EXPECT_EQ(out.incomplete, 0);
  const Tensor file = read_npy(folder / "npy/3d/floor 3/\xc3\xa4.npy");
  EXPECT_EQ(file.dtype, DType::F16);
  EXPECT_EQ(file.shape, (std::vector<std::int64_t>{3, 64}));

  ImportOptions options;
  options.rows_per_second = 1.5;
  const ImportReport in = import_npy(folder / "back.db", folder / "npy", kByLane, options);
  EXPECT_EQ(in.imported, 6);
  EXPECT_TRUE(in.failures.empty());
  const FeatureStore store(folder / "s.db"), back(folder / "back.db");
  for (const char* id : {"a", "floor 3/\xc3\xa4", "{lane}"}) {
    for (const RecipeRow& row : back.recipes()) {
      const auto features = back.read(id, row.id);
      ASSERT_TRUE(features) << id;
      EXPECT_EQ(values_of(*features), values_of(*store.read(id, row.recipe.lane == "2d" ? 1 : 2))) << id;
      EXPECT_EQ(features->times[1], (TimeSpan{Micros(666'667), Micros(1'333'333)}));
    }
  }
  EXPECT_EQ(import_npy(folder / "back.db", folder / "npy", kByLane, options).fresh, 6)
      << "nothing is read twice";
}

TEST(FeatureExchange, EmbeddingsAreOneMatrixAndATableOfItsRows) {
  const TempFolder folder;
  fill(folder / "s.db");
  const ExportReport report = export_embeddings(folder / "s.db", {}, folder / "out");
  ASSERT_EQ(report.lanes.size(), 2U);
  const Tensor all = read_npy(folder / "out/2d.npy");
  EXPECT_EQ(all.dtype, DType::F16);
  ASSERT_EQ(all.shape, (std::vector<std::int64_t>{9, 64}));
  const CsvTable table(folder / "out/2d.csv");
  ASSERT_EQ(table.rows().size(), 9U);
  EXPECT_EQ(table.columns(), (std::vector<std::string>{"row", "video", "start_s", "end_s", "path"}));
  const FeatureStore store(folder / "s.db");
  const std::vector<float> values = all.to_floats();
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < 9; ++i) {
    const std::vector<std::string>& cells = table.rows()[i].cells;
    EXPECT_EQ(cells[0], std::to_string(i));
    const auto features = store.read(cells[1], 1);
    ASSERT_TRUE(features) << cells[1];
    const std::size_t row = seen[cells[1]]++;
    EXPECT_EQ(std::stod(cells[2]), std::chrono::duration<double>(features->times[row].start).count());
    EXPECT_EQ(std::stod(cells[3]), std::chrono::duration<double>(features->times[row].end).count());
    const float* const wanted = features->values.row(static_cast<std::int64_t>(row));
    EXPECT_TRUE(std::equal(wanted, wanted + 64, values.data() + i * 64)) << i;
  }
  EXPECT_EQ(seen.size(), 3U);
}

TEST(FeatureExchange, EmbeddingsOfUnknownTimeHaveEmptyCells) {
  const TempFolder folder;
  write_values(folder / "npy/v.npy", {1, 2, 3, 4}, 2);
  (void)import_npy(folder / "s.db", folder / "npy", FeatureFileNames::by_pattern("{video}.npy", "vgg"), {});
  (void)export_embeddings(folder / "s.db", {}, folder / "out");
  const CsvTable table(folder / "out/vgg.csv");
  EXPECT_EQ(table.rows().at(1).cells[2], "");
}

TEST(FeatureExchange, ThePthHoldsTheMaximumOverTimeAndIsReadBack) {
  const TempFolder folder;
  fill(folder / "s.db");
  export_pth(folder / "s.db", {}, folder / "clips.pth");
  const TensorGroups groups = read_pth_groups(folder / "clips.pth");
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].first, "2d");
  const Tensor* clip = find(groups[0].second, "a");
  ASSERT_NE(clip, nullptr);
  const FeatureStore store(folder / "s.db");
  EXPECT_EQ(clip->to_floats(), max_pool(*store.read("a", 1)));

  EXPECT_EQ(import_pth(folder / "back.db", folder / "clips.pth", {}).imported, 6);
  const FeatureStore back(folder / "back.db");
  const auto features = back.read("a", 1);
  ASSERT_TRUE(features);
  EXPECT_EQ(max_pool(*features), max_pool(*store.read("a", 1)));
  expect_error(
      [&] {
        (void)max_pool(*features, {Micros(0), Micros(1'000'000'000)});
      },
      Fault::NotFound,
      "overlaps");  // its time is not known: it is part of no span
}

TEST(FeatureExchange, NumpyTorchAndTheReferenceLoaderReadTheExport) {
  TVR_NEEDS_PYTHON("numpy, torch");
  const TempFolder folder;
  fill(folder / "s.db");
  export_npy(folder / "s.db", {}, folder / "npy", kByLane);
  export_pth(folder / "s.db", {}, folder / "clips.pth");
  int status = 0;
  // What antoine77340/howto100m's msrvtt_dataloader.py does with the dictionary, line by line.
  const std::string said = testing::run_python(R"(
import sys, glob, numpy as np, torch as th, torch.nn.functional as F
for path in glob.glob(sys.argv[1] + '/npy/**/*.npy', recursive=True):
    a = np.load(path)
    assert a.dtype == np.float16 and a.shape == (3, 64), (path, a.dtype, a.shape)
features = th.load(sys.argv[1] + '/clips.pth', weights_only=True)
for vid in ['a', 'floor 3/\u00e4', '{lane}']:
    feat_2d = F.normalize(features['2d'][vid].float(), dim=0)
    feat_3d = F.normalize(features['3d'][vid].float(), dim=0)
    video = th.cat((feat_2d, feat_3d))
    rows = np.load(sys.argv[1] + '/npy/2d/' + vid + '.npy')
    assert np.array_equal(features['2d'][vid].numpy(), rows.max(0))
    assert video.shape == (128,)
th.save({'2d': {'v': th.ones(4)}, '3d': {'v': th.ones(2, 3).half()}}, sys.argv[1] + '/theirs.pth')
print('all read')
)",
                                               "'" + folder.path().string() + "'", status);
  EXPECT_EQ(said, "all read\n");
  EXPECT_EQ(import_pth(folder / "theirs.db", folder / "theirs.pth", {}).rows, 3);
}

// As Python 3.11 and numpy 1.24.2 write youcook_val.pkl: float32 vectors 2d [3] and 3d [2] of three clips;
// what antoine77340/howto100m 50af0ff (youcook_dataloader.py) makes of them is [L2(2d) | L2(3d)], a zero
// vector staying zero.
constexpr const char* kPooledClips =
    "gASVvQEAAAAAAABdlCh9lCiMAjJklIwVbnVtcHkuY29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSM"
    "B25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwFLA4WUaAaMBWR0eXBllJOUjAJmNJSJiIeUUpQoSwOMATyUTk5OSv////9K////"
    "/0sAdJRiiUMMAACgQAAAQEEAAAAAlHSUYowCM2SUaAVoCEsAhZRoCoeUUpQoSwFLAoWUaBKJQwgAAAAAAAAAAJR0lGKMB2Nh"
    "cHRpb26UjA1jdXQgdGhlIG9uaW9ulIwCaWSUjAN2XzCUdX2UKGgCaAVoCEsAhZRoCoeUUpQoSwFLA4WUaBKJQwwAAABAAAAA"
    "QAAAgD+UdJRiaBdoBWgISwCFlGgKh5RSlChLAUsChZRoEolDCAAAQMAAAIBAlHSUYmgejARzdGlylGggjAN2XzGUdX2UKGgC"
    "aAVoCEsAhZRoCoeUUpQoSwFLA4WUaBKJQwwXt9E4AAAAAAAAAACUdJRiaBdoBWgISwCFlGgKh5RSlChLAUsChZRoEolDCAAA"
    "AEEAAHBBlHSUYmgeTmggjAN2XzKUdWUu";
const std::vector<ClipFeature> kOfTheReference = {{5 / 13.0F, 12 / 13.0F, 0, 0, 0},
                                                  {2 / 3.0F, 2 / 3.0F, 1 / 3.0F, -0.6F, 0.8F},
                                                  {1, 0, 0, 8 / 17.0F, 15 / 17.0F}};

TEST(FeatureExchange, PooledClipsBecomeVideosOfOneRowPerLane) {
  const TempFolder folder;
  const auto file = testing::write_file(folder / "val.pkl", testing::from_base64(kPooledClips));
  const ImportReport report = import_pkl(folder / "s.db", file, {});
  EXPECT_EQ(report.imported, 6);
  EXPECT_EQ(report.rows, 6);
  const FeatureStore store(folder / "s.db");
  ASSERT_EQ(store.recipes().size(), 2u);
  for (std::size_t i = 0; i < kOfTheReference.size(); ++i) {
    std::vector<FeatureSequence> lanes;
    for (const RecipeRow& recipe : store.recipes())
      lanes.push_back(*store.read("v_" + std::to_string(i), recipe.id));
    const ClipFeature clip = pool_lanes(lanes);
    ASSERT_EQ(clip.size(), 5u);
    for (std::size_t k = 0; k < clip.size(); ++k) EXPECT_NEAR(clip[k], kOfTheReference[i][k], 1e-6) << i;
  }
  EXPECT_EQ(import_pkl(folder / "s.db", file, {}).fresh, 6) << "nothing is written twice";
  ImportOptions rate;
  rate.rows_per_second = 1;
  expect_error([&] { (void)import_pkl(folder / "s.db", file, rate); }, Fault::InvalidArgument, "one row");
}

TEST(FeatureExchange, RowsOfAFolderBeginAtTheirNumberDividedByTheRate) {
  const TempFolder folder;
  write_values(folder / "npy/v.npy", std::vector<float>(5 * 2, 1), 2);
  ImportOptions options;
  options.rows_per_second = 1.5;
  (void)import_npy(folder / "s.db", folder / "npy", FeatureFileNames::by_pattern("{video}.npy", "3d"),
                   options);
  const auto rows = FeatureStore(folder / "s.db").read("v", 1);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->times.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(rows->times[i].start.count(), std::llround(static_cast<double>(i) / 1.5 * 1e6)) << i;
  EXPECT_EQ(rows->times[4].end, Micros(3'333'333));
}

TEST(FeatureExchange, AFileThatCannotBeTakenStopsNoOther) {
  const TempFolder folder;
  write_values(folder / "npy/a.npy", {1, 2, 3, 4}, 2);
  write_values(folder / "npy/b.npy", {1, 2, 3}, 3);
  write_values(folder / "npy/c.npy", {1, 1e6F}, 2);
  std::ofstream(folder / "npy/d.npy") << "not numpy";
  write_values(folder / "npy/e.npy", {5, 6}, 2);
  const ImportReport report =
      import_npy(folder / "s.db", folder / "npy", FeatureFileNames::by_pattern("{video}.npy", "vgg"), {});
  EXPECT_EQ(report.imported, 2);
  ASSERT_EQ(report.failures.size(), 3u);
  EXPECT_THAT(report.failures[0], ::testing::HasSubstr("3 columns"));
  EXPECT_THAT(report.failures[1], ::testing::HasSubstr("float16"));
  EXPECT_THAT(report.failures[2], ::testing::HasSubstr("npy header"));
}

TEST(FeatureExchange, CountsSmallValuesThatVanishAndRefusesRowsThatWould) {
  const TempFolder folder;
  write_values(folder / "npy/all.npy", {1e-9F, 2e-9F}, 2);
  write_values(folder / "npy/coarse.npy", {1, 1, 1e-7F, 1.4e-7F}, 2);
  write_values(folder / "npy/one.npy", {1, 1e-9F, 0, 1}, 2);
  write_values(folder / "npy/zeros.npy", {0, 0}, 2);
  const ImportReport report =
      import_npy(folder / "s.db", folder / "npy", FeatureFileNames::by_pattern("{video}.npy", "vgg"), {});
  EXPECT_EQ(report.imported, 2);
  EXPECT_EQ(report.vanished, 1);
  ASSERT_EQ(report.failures.size(), 2U);
  EXPECT_THAT(report.failures[0], ::testing::HasSubstr("row 0 is too small for float16"));
  EXPECT_THAT(report.failures[0], ::testing::HasSubstr("100 %"));
  EXPECT_THAT(report.failures[1], ::testing::HasSubstr("row 1 is too small for float16"));
}

TEST(FeatureExchange, AnImportSaysWhatItIsAndLeavesExtractionsAlone) {
  const TempFolder folder;
  fill(folder / "s.db");
  write_values(folder / "npy/a.npy", {1, 2}, 2);
  ImportOptions options;
  options.origin = "VGG16";
  import_npy(folder / "s.db", folder / "npy", FeatureFileNames::by_pattern("{video}.npy", "2d"), options);
  FeatureStore store(folder / "s.db", Access::ReadWrite);
  const Recipe recipe = store.recipes().back().recipe;
  EXPECT_EQ(recipe.weights, "imported");
  EXPECT_THAT(recipe.text, ::testing::HasSubstr("VGG16"));
  OutcomeFilter imported;
  imported.status = "imported";
  ASSERT_EQ(StoreInspector(folder / "s.db").outcomes(imported).size(), 1u);
  EXPECT_TRUE(store.is_fresh("a", sha256("a"), 1)) << "the extraction is still there";
  expect_error([&] { export_npy(folder / "s.db", {}, folder / "out", kByLane); }, Fault::Mismatch,
               "two recipes");

  VideoOutcome replaced = extracted("a", 1);
  replaced.fingerprint.content = sha256("other bytes");
  store.write(replaced);
  EXPECT_FALSE(store.has_features("a", 2)) << "the extractions of the old file are gone";
  EXPECT_TRUE(store.has_features("a", 3)) << "the import never spoke of that file";
}

TEST(FeatureExchange, NamesByAListOfVideoFeatureExtractor) {
  const TempFolder folder;
  fill(folder / "s.db");
  std::ofstream(folder / "list.csv") << "video_path,feature_path\na.mp4,x/first.npy\n{lane}.mp4,second\n";
  const auto names = FeatureFileNames::by_list(folder / "list.csv", "2d");
  EXPECT_EQ(export_npy(folder / "s.db", {}, folder / "npy", names).lanes[0].videos, 2);
  EXPECT_TRUE(std::filesystem::exists(folder / "npy/x/first.npy"));
  EXPECT_TRUE(std::filesystem::exists(folder / "npy/second.npy")) << "numpy.save adds the end";
  EXPECT_EQ(import_npy(folder / "back.db", folder / "npy", names, {}).imported, 2);
  const FeatureStore back(folder / "back.db");
  EXPECT_TRUE(back.has_features("{lane}", 1));
  std::ofstream(folder / "evil.csv") << "video_path,feature_path\na.mp4,../../evil.npy\n";
  const auto evil = FeatureFileNames::by_list(folder / "evil.csv", "2d");
  expect_error([&] { export_npy(folder / "s.db", {}, folder / "npy", evil); }, Fault::Corrupt, "leads out");
}

TEST(FeatureExchange, VideosLeaveByTheirNamesAndComeBackByTheirIds) {
  const std::vector<std::string> names = {"-4ws", "a\nb", "a%0Ab", "back\\slash", "caf\xe9", "50%"};
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe({"2d", "{}", "w"});
    for (const std::string& name : names) store.write(extracted(escape_video_id(name), recipe));
  }
  export_npy(folder / "s.db", {}, folder / "npy", kByLane);
  for (const std::string& name : names)
    EXPECT_TRUE(std::filesystem::is_regular_file(folder / ("npy/2d/" + name + ".npy"))) << name;
  export_pth(folder / "s.db", {}, folder / "clips.pth");
  const NamedTensors tensors = read_pth_groups(folder / "clips.pth").at(0).second;
  for (const std::string& name : names) EXPECT_EQ(find(tensors, name) != nullptr, name != "caf\xe9") << name;
  EXPECT_NE(find(tensors, "caf%E9"), nullptr) << "a key is UTF-8";

  EXPECT_TRUE(import_npy(folder / "npy.db", folder / "npy", kByLane, {}).failures.empty());
  for (const std::string& name : names)
    EXPECT_TRUE(FeatureStore(folder / "npy.db").known(escape_video_id(name))) << name;
  EXPECT_TRUE(import_pth(folder / "pth.db", folder / "clips.pth", {}).failures.empty());
  EXPECT_TRUE(FeatureStore(folder / "pth.db").known("%2D4ws"));
}

TEST(FeatureExchange, ANameTooLongForAFileStopsNoOther) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe({"2d", "{}", "w"});
    for (const std::string& name : {std::string(251, 'a'), std::string(252, 'b'), std::string("c")})
      store.write(extracted(name, recipe));
  }
  const ExportReport report = export_npy(folder / "s.db", {}, folder / "npy", kByLane);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0], ::testing::HasSubstr("bbb.npy: the name is too long"));
  EXPECT_EQ(report.lanes.at(0).videos, 2);
  EXPECT_TRUE(std::filesystem::exists(folder / ("npy/2d/" + std::string(251, 'a') + ".npy")));
}

TEST(FeatureExchange, TwoVideosThatWouldHaveOneKeyAreNotOneInAPth) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    const std::int64_t recipe = store.add_recipe({"2d", "{}", "w"});
    for (const char* name : {"caf\xe9", "caf%E9"}) store.write(extracted(escape_video_id(name), recipe));
  }
  expect_error([&] { export_pth(folder / "s.db", {}, folder / "clips.pth"); }, Fault::Mismatch,
               "the key 'caf%E9'");
  EXPECT_FALSE(std::filesystem::exists(folder / "clips.pth"));
}

TEST(FeatureExchange, AStoreWhoseIdsLeadOutOfTheFolderWritesNothing) {
  const TempFolder folder;
  {
    FeatureStore store(folder / "s.db", Access::ReadWrite);
    store.write(extracted("../../evil", store.add_recipe({"2d", "{}", "w"})));
  }
  expect_error([&] { export_npy(folder / "s.db", {}, folder / "npy", kByLane); }, Fault::Corrupt, "..");
  EXPECT_FALSE(std::filesystem::exists(folder / "npy"));
}

TEST(FeatureExchange, WritesThroughNoLinkBelowTheFolder) {
  const TempFolder folder;
  fill(folder / "s.db");
  std::filesystem::create_directory(folder / "theirs");
  for (const std::string place : {"npy/3d", "npy/2d/floor 3"}) {
    const std::filesystem::path link = folder / place;
    std::filesystem::create_directories(link.parent_path());
    std::filesystem::create_directory_symlink(folder / "theirs", link);
    expect_error([&] { export_npy(folder / "s.db", {}, folder / "npy", kByLane); }, Fault::Unsupported,
                 "is a link");
    EXPECT_TRUE(std::filesystem::is_empty(folder / "theirs")) << place;
    std::filesystem::remove(link);
  }
  std::filesystem::create_directory_symlink(folder / "theirs", folder / "named");
  EXPECT_EQ(export_npy(folder / "s.db", {}, folder / "named/", kByLane).lanes[0].videos, 3)
      << "what the user names may be a link";
  EXPECT_TRUE(std::filesystem::exists(folder / "theirs/3d/a.npy"));
}

TEST(FeatureExchange, AStoreThatCannotBeWrittenEndsTheImport) {
  const TempFolder folder;
  for (int i = 0; i < 40; ++i)
    write_values(folder / ("npy/v" + std::to_string(i) + ".npy"), std::vector<float>(9000, 1), 3000);
  const auto names = FeatureFileNames::by_pattern("{video}.npy", "vgg");
  const auto report = testing::in_child([&]() -> std::string {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4'000'000, 4'000'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      import_npy(folder / "s.db", folder / "npy", names, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "all imported";
  });
  EXPECT_THAT(report.text, ::testing::HasSubstr("SQLite says"));
  const ImportReport rest = import_npy(folder / "s.db", folder / "npy", names, {});
  EXPECT_GT(rest.fresh, 0);
  EXPECT_EQ(rest.fresh + rest.imported, 40);
}

TEST(FeatureExchange, AnImportOfNothingMakesNoStore) {
  const TempFolder folder;
  expect_error([&] { import_npy(folder / "s.db", folder / "none", kByLane, {}); }, Fault::NotFound, "none");
  expect_error([&] { import_pth(folder / "s.db", folder / "none.pth", {}); }, Fault::NotFound, "none.pth");
  EXPECT_FALSE(std::filesystem::exists(folder / "s.db"));
}

TEST(FeatureFileNames, ReadWhatTheyWrite) {
  const TempFolder folder;
  for (const char* pattern : {"{lane}/{video}.npy", "{video}_{lane}.npy", "f/{lane}-of {video}.npy"}) {
    const auto names = FeatureFileNames::by_pattern(pattern);
    const auto root = folder / std::string(pattern, 3);
    for (const char* video : {"a", "b_2d", "x/y_z", "{video}"}) {
      const auto path = names.path_of(root, "3d", video);
      std::filesystem::create_directories(path->parent_path());
      std::ofstream(*path) << ' ';
    }
    std::vector<std::string> found;
    for (const FeatureFile& file : names.find_in(root)) {
      EXPECT_EQ(file.lane, "3d") << file.path;
      found.push_back(file.video);
    }
    EXPECT_EQ(found, (std::vector<std::string>{"a", "b_2d", "x/y_z", "{video}"})) << pattern;
  }
}

TEST(FeatureFileNames, RefusePatternsThatCannotWork) {
  for (const char* pattern :
       {"{lane}.npy", "{video}{lane}.npy", "../{lane}/{video}.npy", "{lane}/{video}.pth",
        "{video}/{video}_{lane}.npy", "/{lane}/{video}.npy", "{video}.npy"}) {
    expect_error([&] { (void)FeatureFileNames::by_pattern(pattern); }, Fault::InvalidArgument, "--name");
  }
  const TempFolder folder;
  expect_error([&] { (void)kByLane.find_in(folder / "none"); }, Fault::NotFound, "none");
  write_values(folder / "npy/a.npy", {1, 2}, 2);
  expect_error([&] { (void)kByLane.find_in(folder / "npy"); }, Fault::NotFound, "for example 'a.npy'");
}

}  // namespace
}  // namespace tvr
