// The program as a user meets it: flags, messages, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "data/store/feature_store.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/machine/version.h"
#include "tests/support/program.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;

class CommandLine : public ::testing::Test {
 protected:
  ProgramResult run(const std::vector<std::string>& arguments, const Program::Environment& environment = {}) {
    return Program(folder_.path(), TVR_PIPELINE, arguments, environment).wait();
  }
  void expect_usage_error(const std::vector<std::string>& arguments, const std::string& phrase) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, kUsage) << ::testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr("error: "));
    EXPECT_THAT(result.err, HasSubstr(phrase));
    EXPECT_THAT(result.out, IsEmpty());
  }

  testing::TempFolder folder_;
};

TEST_F(CommandLine, ShowsHelpOfEveryCommandOnStandardOutput) {
  const std::string all = run({"--help"}).out;
  for (const std::string command : {"run", "extract", "train", "eval", "search", "serve", "store", "words",
                                    "frames", "demo", "doctor", "config"}) {
    EXPECT_THAT(all, HasSubstr("\n  " + command + " "));
    const ProgramResult help = run({command, "--help"});
    EXPECT_EQ(help.exit_code, kDone) << command;
    EXPECT_THAT(help.out, HasSubstr("Usage: pipeline " + command));
    EXPECT_THAT(help.err, IsEmpty());
  }
  EXPECT_THAT(all, HasSubstr("PIPELINE_EMBD_DIM"));
}

TEST_F(CommandLine, TellsItsCommandsAndVersionWithoutTheProgramThatLoadsTorch) {
  const std::filesystem::path alone = folder_ / "pipeline";
  std::filesystem::copy(TVR_PIPELINE, alone);
  const auto answer = [&](const std::vector<std::string>& arguments) {
    return Program(folder_.path(), alone, arguments).wait();
  };
  const std::string help = answer({"--help"}).out;
  EXPECT_EQ(help, run({"--quiet", "--help"}).out) << "that of the program with all commands";
  EXPECT_EQ(answer({"help"}).out, help);
  const std::string version = answer({"--version"}).out;
  EXPECT_THAT(version, HasSubstr(program_version()));
  EXPECT_EQ(answer({"-V"}).out, version);
  EXPECT_EQ(answer({"version"}).out, version);
  EXPECT_EQ(answer({"help", "store", "ls"}).out, answer({"store", "ls", "--help"}).out);
  EXPECT_EQ(run({"help", "run"}).out, run({"run", "--help"}).out);
  const ProgramResult nothing = answer({});
  EXPECT_EQ(nothing.exit_code, kUsage);
  EXPECT_THAT(nothing.out, IsEmpty());
  EXPECT_THAT(nothing.err, HasSubstr("\n  search "));
  EXPECT_THAT(answer({"serach"}).err, HasSubstr("did you mean search?"));
  EXPECT_THAT(run({"search", "--run", "gone", "a", "train", "stops"}).err,
              HasSubstr("gone: there is no such"))
      << "train is a word of the sentence";
}

TEST_F(CommandLine, SaysThatAProcessMayHaveTooLittleMemory) {
  if (testing::kSanitized) GTEST_SKIP() << "a sanitizer needs more memory than that for itself";
  for (const char* const flag : {"-v", "-d"}) {
    const std::string limited = std::string("ulimit ") + flag + " 600000; exec " + TVR_PIPELINE + " doctor";
    const ProgramResult result = Program(folder_.path(), "/bin/bash", {"-c", limited}).wait();
    EXPECT_EQ(result.exit_code, kFailed);
    EXPECT_THAT(result.err, HasSubstr(std::string("is limited to 585 MB (ulimit ") + flag + ")"));
  }
}

TEST_F(CommandLine, LooksAtAStoreWithoutTheProgramThatLoadsTorch) {
  const std::filesystem::path alone = folder_ / "pipeline";
  std::filesystem::copy(TVR_PIPELINE, alone);
  { const FeatureStore store(folder_ / "s.db", FeatureStore::Access::ReadWrite); }

  testing::write_file(folder_ / "videos/a.mp4", "");
  testing::write_file(folder_ / "c.toml", "[store.ls]\nlimit = 1\n[train]\nepochs = 3\n");
  const auto store = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "store");
    return Program(folder_.path(), alone, arguments).wait();
  };
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"ls", "s.db"}, {"ls", "s.db", "--config", "c.toml"}, {"gc", "s.db"}}) {
    const ProgramResult result = store(arguments);
    EXPECT_EQ(result.exit_code, kDone) << arguments[0] << result.err;
  }
  EXPECT_EQ(store({"missing", "s.db", "--videos", "videos"}).out, "a\n");
  for (const char* command :
       {"ls", "failures", "show", "stats", "verify", "export", "import", "merge", "missing", "gc"}) {
    EXPECT_THAT(store({"--help"}).out, HasSubstr(std::string("\n  ") + command + " "));
  }
  const ProgramResult doctor = Program(folder_.path(), alone, {"doctor"}).wait();
  EXPECT_EQ(doctor.exit_code, kFailed);
  EXPECT_THAT(doctor.err, HasSubstr("pipeline-torch: cannot be started"));
}

TEST_F(CommandLine, LooksAtAStoreUnderAConfigurationOfOtherCommands) {
  { const FeatureStore store(folder_ / "s.db", FeatureStore::Access::ReadWrite); }
  testing::write_file(folder_ / "c.toml", "[train]\nepochs = 3\n");
  EXPECT_EQ(run({"store", "ls", "s.db", "--config", "c.toml"}).exit_code, kDone);
  testing::write_file(folder_ / "c.toml", "[store.ls]\nlimti = 3\n");
  expect_usage_error({"store", "ls", "s.db", "--config", "c.toml"}, "limti");
}

TEST_F(CommandLine, AnswersMisuseWith64AndTheNearestWord) {
  expect_usage_error({"--bogus"}, "--bogus");
  expect_usage_error({"rnu"}, "unknown argument 'rnu'; did you mean run?");
  expect_usage_error({"run", "--epoch", "3"}, "did you mean --epochs?");
  expect_usage_error({"run", "--embd_dim=3"}, "did you mean --embd-dim?");
  expect_usage_error({"run", "--xyzzyplugh"}, "unknown argument '--xyzzyplugh'\n");
  expect_usage_error({"run", "--demo", "--epochs", "three"}, "--epochs");
  expect_usage_error({"run", "--demo", "--epochs", "0"}, "--epochs");
  expect_usage_error({"run"}, "--out");
  expect_usage_error({"run", "--out", "x"}, "--videos");
  expect_usage_error({"run", "--videos", "nowhere", "--out", "x"}, "nowhere");
  expect_usage_error({"extract", "--videos", "."}, "--store");
  expect_usage_error({"frames"}, "video");
  expect_usage_error({"store", "lss", "x.db"}, "did you mean ls?");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x")) << "a wrong call leaves nothing behind";
}

TEST_F(CommandLine, RefusesNumbersThatAreNoneAndNumbersBeyond64Bits) {
  for (const char* number : {"nan", "inf", "-1", "18446744073709551616", "1e3", "0x10", "", "7 8"}) {
    expect_usage_error({"extract", "--videos", ".", "--store", "s.db", "--seed", number}, "--seed");
  }
  for (const char* number : {"nan", "NAN", "-inf", "1e999", "-1", "0", "ten"}) {
    expect_usage_error({"run", "--demo", "--max-seconds", number}, "--max-seconds");
    expect_usage_error({"run", "--demo", "--lr", number}, "--lr");
  }
  for (const char* number : {"nan", "2147483648", "9223372036854775808", "-1", "1.5", "010"}) {
    expect_usage_error({"extract", "--videos", ".", "--store", "s.db", "--jobs", number}, "--jobs");
  }
  for (const char* number : {"nan", "-1", "1e400", ""}) {
    expect_usage_error({"serve", "--run", ".", "--max-seconds", number}, "is not a number");
    expect_usage_error({"store", "import", "s.db", "--npy", ".", "--rows-per-second", number},
                       "is not a number");
  }
  for (const char* command : {"run", "train", "extract"})
    expect_usage_error({"config", command, "--seed", "-1"}, "'-1' is not a whole number");
  expect_usage_error({"config", "run", "--demo-clips", "nan"}, "'nan' is not a whole number");
  expect_usage_error({"store", "ls", "s.db", "--limit", "-1"}, "not in range 0 to 9223372036854775807");
  for (const char* bytes : {"-1", "0", "512", "010", "1023kb", "9223372036854775808", "17179869184GB"}) {
    expect_usage_error({"extract", "--videos", ".", "--store", "s.db", "--max-memory", bytes},
                       "--max-memory");
  }
}

TEST_F(CommandLine, SaysWhatASizeOfMemoryIs) {
  for (const char* size : {"1e30GB", "99999999999GB", "1x", "1.5GB", "GB", "", "1bb", "1 0MB", "512"}) {
    expect_usage_error({"extract", "--videos", ".", "--store", "s.db", "--max-memory", size},
                       "--max-memory: '" + std::string(size) + "' is not a size from 1MB to 8EB");
  }
  for (const auto& [size, bytes] :
       {std::pair{"512MB", "536870912"}, std::pair{"2 gib", "2147483648"}, std::pair{"1048576", "1048576"},
        std::pair{"3000K", "3072000"}, std::pair{"1ti", "1099511627776"}}) {
    EXPECT_THAT(run({"config", "run", "--demo", "--max-memory", size}).out,
                HasSubstr(std::string("max-memory=") + bytes + "\n"))
        << size;
  }
}

TEST_F(CommandLine, RefusesAVariableThatSetsNoFlag) {
  { const FeatureStore store(folder_ / "s.db", FeatureStore::Access::ReadWrite); }
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"config"}, {"store", "stats", "s.db"}, {"search", "--run", "x", "y"}}) {
    for (const char* const unknown : {"PIPELINE_", "PIPELINE_EPOCS", "PIPELINE_COLOUR_OF_THE_BOX"}) {
      const ProgramResult result = run(command, {{unknown, "1"}});
      EXPECT_EQ(result.exit_code, kUsage) << command.front() << ' ' << unknown;
      EXPECT_THAT(result.err, HasSubstr(std::string(unknown) + ": this environment variable sets no flag; "));
    }
    EXPECT_THAT(run(command, {{"PIPELINE_EPOCS", "1"}}).err, HasSubstr("did you mean PIPELINE_EPOCHS?"));
    EXPECT_THAT(run(command, {{"PIPELINE_", "1"}}).err, HasSubstr("PIPELINE_EMBD_DIM for --embd-dim"));
  }
  EXPECT_EQ(run({"store", "stats", "s.db"}, {{"PIPELINE_EPOCHS", "3"}}).exit_code, kDone);
}

TEST_F(CommandLine, RefusesAMisspeltVariableAndWarnsOfAnUnknownOne) {
  for (const auto& [misspelt, meant] :
       {std::pair{"PIPELINE_EPOCH", "PIPELINE_EPOCHS"}, std::pair{"PIPELINE_EMBDDIM", "PIPELINE_EMBD_DIM"},
        std::pair{"PIPELINE_BATCH-SIZE", "PIPELINE_BATCH_SIZE"},
        std::pair{"PIPELINE_jobs", "PIPELINE_JOBS"}}) {
    const ProgramResult result = run({"config"}, {{misspelt, "3"}});
    EXPECT_EQ(result.exit_code, kUsage) << misspelt;
    EXPECT_THAT(result.err, HasSubstr(std::string(misspelt) + ": "));
    EXPECT_THAT(result.err, HasSubstr(std::string("did you mean ") + meant + "?"));
  }
  const ProgramResult other = run({"config"}, {{"PIPELINE_WORKSPACE", "/builds"}});
  EXPECT_EQ(other.exit_code, kDone);
  EXPECT_THAT(other.err, HasSubstr("PIPELINE_WORKSPACE"));
  EXPECT_THAT(run({"config"}, {{"PIPELINE_EPOCHS", "3"}}).err, IsEmpty());
}

TEST_F(CommandLine, SaysWhatIsWrongBeforeAnyVideoIsDecoded) {
  testing::write_file(folder_ / "clips/a.mp4", "not decoded");
  const std::vector<std::string> start = {"run", "--videos", "clips", "--random-weights", "--out", "x"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = start;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  expect_usage_error(start, "--captions");
  testing::write_file(folder_ / "c.csv", "video,caption\na.mp4,one\n");
  const ProgramResult few = run(with({"--captions", "c.csv", "--test-fraction", "0"}));
  EXPECT_EQ(few.exit_code, kFailed) << "of data, not of usage";
  EXPECT_THAT(few.err, HasSubstr("1 training clips do not fill one batch"));
  testing::write_file(folder_ / "test.csv", "video,caption,split\na.mp4,one,test\n");
  EXPECT_THAT(run(with({"--captions", "test.csv"})).err, HasSubstr("there are no training captions"));
  testing::write_file(folder_ / "c.csv", "film,text\na.mp4,one\n");
  const ProgramResult result = run(with({"--captions", "c.csv"}));
  EXPECT_EQ(result.exit_code, kFailed);
  EXPECT_THAT(result.err, HasSubstr("c.csv"));
  expect_usage_error({"extract", "--videos", "clips", "--store", "s.db"}, "no weights for resnet152");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s.db"));
}

TEST_F(CommandLine, DoctorNamesAllThatIsMissingForAJobByTheFlagsOfTheJob) {
  const ProgramResult result = run({"doctor",
                                    "--videos",
                                    "nowhere",
                                    "--captions",
                                    "none.csv",
                                    "--weights-2d",
                                    "none.pth",
                                    "--weights-3d",
                                    "resnext101",
                                    "--train-device",
                                    "cuda",
                                    "--device",
                                    "cuda",
                                    "--epochs",
                                    "3",
                                    "--random-weights",
                                    "--run",
                                    "no-run",
                                    "--encoder",
                                    "no-pair",
                                    "--port",
                                    "80",
                                    "--max-frames",
                                    "10"},
                                   {{"XDG_CACHE_HOME", folder_.path().string()}});
  EXPECT_EQ(result.exit_code, kFailed) << result.err;
  std::istringstream out(result.out);  // whose lines end where the width of the table is full
  std::string words;
  for (std::string word; out >> word;) words += word + " ";
  for (const char* phrase : {"nowhere", "none.csv", "none.pth", "pipeline get resnet152",
                             "pipeline get resnext101", "no-run", "no-pair"})
    EXPECT_THAT(words, HasSubstr(phrase));
  expect_usage_error({"doctor", "--epochs", "many"}, "--epochs");
}

TEST_F(CommandLine, FailsWith1WhereFilesAreMissingOrNotWhatTheyShouldBe) {
  std::filesystem::create_directory(folder_ / "empty");
  testing::write_file(folder_ / "text.db", "not a store");
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls = {
      {{"extract", "--videos", "empty", "--store", "s.db", "--random-weights"}, "no video files"},
      {{"store", "ls", "none.db"}, "none.db"},
      {{"store", "ls", "text.db"}, "text.db"},
      {{"frames", "none.mp4"}, "none.mp4"},
      {{"frames", "text.db"}, "text.db"}};
  for (const auto& [arguments, phrase] : calls) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, kFailed) << arguments[0];
    EXPECT_THAT(result.err, HasSubstr("error: "));
    EXPECT_THAT(result.err, HasSubstr(phrase));
    EXPECT_THAT(result.out, IsEmpty());
  }
}

TEST_F(CommandLine, WaitsForNobodyToWriteIntoAFifoForItsConfiguration) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--config", "fifo", "config"},
                                                    {"config", "run", "--config", "fifo"},
                                                    {"config", "run", "--config=fifo"},
                                                    {"run", "--demo", "--config", "fifo"},
                                                    {"store", "ls", "s.db", "--config", "fifo"}}) {
    Program program(folder_.path(), TVR_PIPELINE, arguments);
    for (int i = 0; i < 1000 && program.is_running(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_FALSE(program.is_running()) << ::testing::PrintToString(arguments);
    const ProgramResult result = program.wait();
    EXPECT_EQ(result.exit_code, kUsage) << ::testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr("is a FIFO, socket or device, not a regular file"));
  }
}

TEST_F(CommandLine, FailsWhenItsResultsCannotBeWritten) {
  { const FeatureStore store(folder_ / "s.db", FeatureStore::Access::ReadWrite); }
  for (const std::string command : {"config", "store stats s.db", "store ls s.db --json"}) {
    const std::string shell = std::string("exec '") + TVR_PIPELINE + "' " + command + " > /dev/full";
    const ProgramResult full = Program(folder_.path(), "/bin/sh", {"-c", shell}).wait();
    EXPECT_EQ(full.exit_code, kFailed) << command;
    EXPECT_THAT(full.err, HasSubstr("standard output: cannot be written: no room on the disk")) << command;
  }
  testing::write_file(folder_ / "file", "");
  const ProgramResult demo = run({"demo", "--out", "file", "--clips", "10"});
  EXPECT_EQ(demo.exit_code, kFailed);
  EXPECT_THAT(demo.err, HasSubstr("error: file: Not a directory"));
}

TEST_F(CommandLine, FlagsBeatTheConfigFileAndThatBeatsTheEnvironment) {
  testing::write_file(folder_ / "my.toml", "[run]\nepochs=11\nlr=0.5\n[train]\nepochs=12\n");
  const Program::Environment environment = {
      {"PIPELINE_EPOCHS", "21"}, {"PIPELINE_LR", "0.25"}, {"PIPELINE_EMBD_DIM", "22"}};
  const ProgramResult run_only = run({"--config", "my.toml", "config", "run", "--epochs", "1"}, environment);
  EXPECT_EQ(run_only.exit_code, kDone) << run_only.err;
  EXPECT_THAT(run_only.out, HasSubstr("[run]"));
  EXPECT_THAT(run_only.out, Not(HasSubstr("[train]")));
  EXPECT_THAT(run_only.out, HasSubstr("\nepochs=1\n"));
  EXPECT_THAT(run_only.out, HasSubstr("\nlr=0.5\n"));
  EXPECT_THAT(run_only.out, HasSubstr("\nembd-dim=22\n"));
  EXPECT_THAT(run_only.out, HasSubstr("\nbatch-size=32\n"));
  EXPECT_EQ(run({"config", "run", "--epochs", "1", "--config", "my.toml"}, environment).out, run_only.out);

  const ProgramResult all = run({"config", "--config", "my.toml"}, environment);
  EXPECT_THAT(all.out, HasSubstr("[run]"));
  EXPECT_THAT(all.out, HasSubstr("\nepochs=11\n"));
  EXPECT_THAT(all.out, HasSubstr("\nepochs=12\n"));
}

TEST_F(CommandLine, WhatConfigPrintsIsAConfigFileOfTheSameMeaning) {
  const std::string first = run({"config", "run", "--demo", "--epochs", "7", "--out", "x"}).out;
  EXPECT_THAT(first, HasSubstr("model-2d=\"demo2d\""));
  testing::write_file(folder_ / "my.toml", first);
  std::filesystem::create_directories(folder_ / "x/data/videos");
  for (const char* file : {"MSRVTT_data.json", "train.csv", "test.csv"}) {
    testing::write_file(folder_ / "x/data" / file, "");
  }
  const std::string second = run({"--config", "my.toml", "config", "run"}).out;
  for (const char* line :
       {"\nepochs=7\n", "\nmodel-2d=\"demo2d\"\n", "\ntraining-preset=\"best\"\n", "\nlr=0.001\n"}) {
    EXPECT_THAT(second, HasSubstr(line));
  }
  testing::write_file(folder_ / "my.toml", second);
  EXPECT_EQ(run({"--config", "my.toml", "config", "run"}).out, second);
}

TEST_F(CommandLine, FlagsThatSetOtherFlagsCanBeSetByTheEnvironmentToo) {
  const Program::Environment environment = {{"PIPELINE_RECIPE", "best"}, {"PIPELINE_MODEL", "2d=resnet18"}};
  const std::string config = run({"config", "run"}, environment).out;
  EXPECT_THAT(config, HasSubstr("\ntraining-preset=\"best\"\n"));
  EXPECT_THAT(config, HasSubstr("\nmodel-2d=\"resnet18\"\n"));
}

TEST_F(CommandLine, ConfigShowsTheFlagsOfATrainingPreset) {
  for (const char* command : {"run", "train"}) {
    const std::string best = run({"config", command, "--training-preset", "best", "--embd-dim", "64"}).out;
    for (const char* line :
         {"\ntraining-preset=\"best\"\n", "\nloss=\"nce\"\n", "\nbatch-size=128\n", "\nembd-dim=64\n"})
      EXPECT_THAT(best, HasSubstr(line)) << command;
  }
}

TEST_F(CommandLine, RefusesAConfigFileWithUnknownFlagsAndABadValueInTheEnvironment) {
  testing::write_file(folder_ / "my.toml", "[run]\nepohcs=11\n");
  expect_usage_error({"--config", "my.toml", "config"},
                     "my.toml:2: 'epohcs' is not a flag of run; did you mean epochs?");
  std::ofstream(folder_ / "my.toml") << "[trian]\nepochs = 3\n";
  expect_usage_error({"--config", "my.toml", "config"},
                     "my.toml:1: [trian] is not a command; did you mean [train]?");
  std::ofstream(folder_ / "my.toml") << "# mine\n[run]\nepochs = many\n";
  expect_usage_error({"run", "--demo", "--config", "my.toml"}, "my.toml:3: --epochs: ");
  expect_usage_error({"--config", "none.toml", "config"}, "none.toml");
  const ProgramResult result = run({"run", "--demo"}, {{"PIPELINE_EPOCHS", "many"}});
  EXPECT_EQ(result.exit_code, kUsage);
  EXPECT_THAT(result.err, HasSubstr("error: PIPELINE_EPOCHS=many: --epochs: "));
  EXPECT_EQ(run({"config", "run", "--epochs", "3"}, {{"PIPELINE_EPOCHS", "4"}}).exit_code, kDone);
}

TEST_F(CommandLine, ConfigKnowsEveryCommand) {
  for (const std::string command : {"index", "search", "serve", "localize", "demo", "frames", "get"})
    EXPECT_THAT(run({"config", command}).out, HasSubstr("[" + command + "]\n")) << command;
  EXPECT_THAT(run({"config", "store", "ls", "--limit", "7"}).out, HasSubstr("[store.ls]\n"));
  EXPECT_THAT(run({"config", "store", "ls", "--limit", "7"}).out, HasSubstr("\nlimit=7\n"));
  expect_usage_error({"config", "serach"}, "did you mean search?");
  testing::write_file(folder_ / "all.toml", run({"config"}).out);
  const std::string again = run({"config", "--config", "all.toml"}).out;
  EXPECT_THAT(again, HasSubstr("[serve]\n"));
  testing::write_file(folder_ / "all.toml", again);
  EXPECT_EQ(run({"config", "--config", "all.toml"}).out, again);
}

}  // namespace
}  // namespace tvr
