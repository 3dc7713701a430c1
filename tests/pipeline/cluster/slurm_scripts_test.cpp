#include "pipeline/cluster/slurm_scripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "data/text_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;
using testing::TempFolder;

/// The scripts in a folder with blanks, with programs in place of pipeline, sbatch and scontrol that write
/// down what they were called with.
class SlurmScripts : public ::testing::Test {
 protected:
  SlurmScripts() {
    job_.program = folder_ / "bin dir/pipeline";
    job_.out = folder_ / "it's out";
    job_.which = {"--videos", (folder_ / "clips of ours").string()};
    job_.tasks = 5;
    job_.scratch = "${TMPDIR:-/tmp}";
    fs::create_directories(job_.out / "parts");
    fs::create_directory(folder_ / "bin dir");
    fake("sbatch", "echo 77");
    fake("scontrol", "");
  }

  /// A program that adds its arguments to `calls`, a line each call, and then does `what`.
  void fake(const std::string& name, const std::string& what) {
    const fs::path path = folder_ / "bin dir" / name;
    std::ofstream(path) << "#!/bin/bash\necho \"" << name << " $*\" >> " << shell_word(calls()) << '\n'
                        << what << '\n';
    fs::permissions(path, fs::perms(0755));
  }

  /// One that goes on until it is asked to stop, and then does `what`.
  void fake_extraction(const std::string& what) {
    fake("pipeline", "stop() { " + what + "; }\ntrap stop USR1 TERM\necho ready >> " + shell_word(calls()) +
                         "\nfor ((i = 0; i < 600; ++i)); do sleep 0.05; done");
  }

  Program start(const std::string& name) {
    for (const Script& script : slurm_scripts(job_)) std::ofstream(script.path) << script.text;
    fs::create_directories(folder_ / "run");
    return Program(folder_ / "run", "/bin/bash", {(job_.out / name).string()},
                   {{"PATH", (folder_ / "bin dir").string() + ":/usr/bin:/bin"},
                    {"SLURM_ARRAY_JOB_ID", "40"},
                    {"SLURM_ARRAY_TASK_ID", "3"},
                    {"TMPDIR", "/tmp"}});
  }
  /// Until the extraction of fake_extraction() is at work in task.sh.
  void wait_for_extraction(Program& task) const {
    while (called().find("ready") == std::string::npos && task.is_running())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ProgramResult run(const std::string& name) { return start(name).wait(); }

  [[nodiscard]] std::string calls() const { return folder_ / "calls"; }
  [[nodiscard]] std::string called() const { return fs::exists(calls()) ? read_text_file(calls()) : ""; }

  TempFolder folder_;
  SlurmJob job_;
};

TEST_F(SlurmScripts, ATaskExtractsItsShardInAScratchFolder) {
  fake("pipeline", "");
  EXPECT_EQ(run("task.sh").exit_code, 0);
  EXPECT_EQ(called(), "pipeline extract --config " + (job_.out / "extract.toml").string() +
                          " --shard 3/5 --store " + (job_.out / "parts/3.db").string() + " --scratch /tmp\n");
}

TEST_F(SlurmScripts, AScratchFolderMayHaveBlanksButNotBeEmpty) {
  fake("pipeline", "");
  job_.scratch = folder_ / "my scratch";
  EXPECT_EQ(run("task.sh").exit_code, 0);
  EXPECT_THAT(called(), HasSubstr(" --scratch " + job_.scratch + "\n"));
  fs::remove(calls());
  job_.scratch = "$NOT_SET_HERE";
  const ProgramResult unset = run("task.sh");
  EXPECT_NE(unset.exit_code, 0);
  EXPECT_THAT(unset.err, HasSubstr("name a local folder of the nodes with --scratch"));
  EXPECT_EQ(called(), "");
  for (const char* const scratch : {"", "a\"b", "`date`"}) {
    job_.scratch = scratch;
    expect_error([&] { (void)slurm_scripts(job_); }, Fault::InvalidArgument, "is not the name of a folder");
  }
}

TEST_F(SlurmScripts, ATaskWhoseVideosFailHasDoneItsWorkAndOneThatFailsItselfHasNot) {
  for (const auto& [code, task] : {std::pair{2, 0}, {1, 1}, {64, 64}, {137, 137}}) {
    fake("pipeline", "exit " + std::to_string(code));
    EXPECT_EQ(run("task.sh").exit_code, task) << code;
  }
  EXPECT_THAT(called(), Not(HasSubstr("scontrol")));
}

TEST_F(SlurmScripts, ATaskThatIsWarnedStopsItsExtractionAndIsQueuedAgain) {
  fake_extraction("echo stopped >> " + shell_word(calls()) + "; exit 143");
  Program task = start("task.sh");
  wait_for_extraction(task);
  task.signal(SIGUSR1);
  EXPECT_EQ(task.wait().exit_code, 0);
  EXPECT_THAT(called(), HasSubstr("ready\nstopped\nscontrol requeue 40_3\n"));
}

TEST_F(SlurmScripts, ATaskThatIsCancelledStopsItsExtractionAndIsNotQueuedAgain) {
  fake_extraction("echo stopped >> " + shell_word(calls()) + "; exit 143");
  Program task = start("task.sh");
  wait_for_extraction(task);
  task.signal(SIGTERM);
  EXPECT_EQ(task.wait().exit_code, 143);
  EXPECT_THAT(called(), AllOf(HasSubstr("ready\nstopped\n"), Not(HasSubstr("scontrol"))));
}

TEST_F(SlurmScripts, ATaskThatIsWarnedAndThenCancelledIsNotQueuedAgain) {
  fake_extraction("sleep 0.3; exit 143");
  Program task = start("task.sh");
  wait_for_extraction(task);
  task.signal(SIGUSR1);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  task.signal(SIGTERM);
  EXPECT_EQ(task.wait().exit_code, 143);
  EXPECT_THAT(called(), Not(HasSubstr("scontrol")));
}

TEST_F(SlurmScripts, ATaskThatIsWarnedWhenItIsDoneIsNotQueuedAgain) {
  fake_extraction("exit 2");
  Program task = start("task.sh");
  wait_for_extraction(task);
  task.signal(SIGUSR1);
  EXPECT_EQ(task.wait().exit_code, 0);
  EXPECT_THAT(called(), Not(HasSubstr("scontrol")));
}

TEST_F(SlurmScripts, ATaskThatCannotBeQueuedAgainHasFailed) {
  fake("scontrol", "exit 1");
  fake_extraction("exit 143");
  Program task = start("task.sh");
  wait_for_extraction(task);
  task.signal(SIGUSR1);
  EXPECT_EQ(task.wait().exit_code, 143);
}

TEST_F(SlurmScripts, TheEndSaysWhatIsMissingAndShowsWhatThereIs) {
  std::ofstream(job_.out / "parts/1.db");
  fake("pipeline", R"([ "$2" = missing ] && { echo 2,4-5; exit 2; }; exit 0)");
  const ProgramResult lacking = run("finish.sh");
  EXPECT_EQ(lacking.exit_code, 1);
  EXPECT_THAT(lacking.out, HasSubstr("Videos are missing in the shards 2,4-5."));
  EXPECT_THAT(called(),
              HasSubstr("pipeline store missing " + (job_.out / "parts/*.db").string() + " --videos " +
                        (folder_ / "clips of ours").string() + " --shards 5 --slurm --untried\n"));

  fake("pipeline", "exit 0");
  fs::remove(calls());
  EXPECT_EQ(run("finish.sh").exit_code, 0);
  EXPECT_THAT(called(),
              AllOf(HasSubstr("store stats " + (job_.out / "parts/*.db").string()), Not(HasSubstr("merge"))));
  // The files of some videos cannot be read: they are tried, told, and stop nothing.
  fake("pipeline", R"([ "$2" = missing ] && [[ "$*" != *--untried* ]] && { echo gone; exit 2; }; exit 0)");
  job_.merge = true;
  fs::remove(calls());
  const ProgramResult end = run("finish.sh");
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.out, HasSubstr("Files that could not be read: 1."));
  EXPECT_THAT(called(), HasSubstr("store merge " + (job_.out / "features.db").string() + " " +
                                  (job_.out / "parts/*.db").string()));
}

TEST_F(SlurmScripts, TheEndFailsWhereWhatIsMissingCannotBeFoundOut) {
  std::ofstream(job_.out / "parts/1.db");
  fake("pipeline", "exit 1");
  EXPECT_EQ(run("finish.sh").exit_code, 1);
  EXPECT_THAT(called(), Not(HasSubstr("stats")));
}

TEST_F(SlurmScripts, RetryingStartsTheTasksWhoseShardsLackVideos) {
  fake("pipeline", "echo 2,4-5; exit 2");
  EXPECT_EQ(run("retry.sh").exit_code, 0);  // no task has made a store yet
  EXPECT_THAT(called(), HasSubstr("sbatch --parsable --array=1-5 " + (job_.out / "task.sh").string()));
  std::ofstream(job_.out / "parts/1.db");
  fs::remove(calls());
  EXPECT_EQ(run("retry.sh").exit_code, 0);
  EXPECT_THAT(called(),
              AllOf(HasSubstr("sbatch --parsable --array=2,4-5 " + (job_.out / "task.sh").string()),
                    HasSubstr("sbatch --dependency=afterany:77 " + (job_.out / "finish.sh").string())));
  fake("pipeline", "exit 0");
  fs::remove(calls());
  EXPECT_THAT(run("retry.sh").out, HasSubstr("Nothing is missing."));
  EXPECT_THAT(called(), Not(HasSubstr("sbatch")));
}

TEST_F(SlurmScripts, NothingIsRetriedWhileTasksRun) {
  fake("pipeline", "echo 2,4-5; exit 2");
  fake("squeue", "echo 40_2");
  const ProgramResult retrying = run("retry.sh");
  EXPECT_EQ(retrying.exit_code, 1);
  EXPECT_THAT(retrying.out, HasSubstr("Tasks are still running or waiting: squeue --name=extract-"));
  EXPECT_THAT(called(), Not(HasSubstr("sbatch")));
}

TEST_F(SlurmScripts, ATaskIsWarnedAQuarterOfAShortTimeBeforeItsEnd) {
  for (const auto& [time, warning] : {std::pair{"10", 150}, {"0:15:00", 225}, {"2-0", 300}, {"", 300}}) {
    job_.time = time;
    EXPECT_THAT(slurm_scripts(job_)[0].text, HasSubstr("USR1@" + std::to_string(warning) + "\n")) << time;
  }
  for (const char* const time : {"5", "00:05:00", "9:59"}) {
    job_.time = time;
    expect_error([&] { (void)slurm_scripts(job_); }, Fault::InvalidArgument, "is less than ten minutes");
  }
  for (const char* const time : {"soon", "12h", "-5", "1:2:3:4"}) {
    job_.time = time;
    expect_error([&] { (void)slurm_scripts(job_); }, Fault::InvalidArgument, "is no time of sbatch");
  }
}

TEST_F(SlurmScripts, TimesAreReadAsSbatchReadsThem) {
  for (const auto& [time, seconds] :
       std::initializer_list<std::pair<const char*, std::int64_t>>{{"90", 5400},
                                                                   {"90:30", 5430},
                                                                   {"1:30:15", 5415},
                                                                   {"2-3", 183600},
                                                                   {"2-3:30", 185400},
                                                                   {"1-0:0:1", 86401}})
    EXPECT_EQ(seconds_of_slurm(time), seconds) << time;
  EXPECT_TRUE(seconds_of_slurm("UNLIMITED"));
}

TEST_F(SlurmScripts, LogsLieInAFolderOfAnyName) {
  job_.out = "/data/100 % \"mine\"";
  EXPECT_THAT(slurm_scripts(job_)[0].text,
              HasSubstr(R"(#SBATCH --output="/data/100 %% \"mine\"/log/%A_%a.txt")"));
}

TEST_F(SlurmScripts, TheirHeadsHaveTheOptionsOfTheJob) {
  job_.time = "12:00:00";
  job_.cpus = 8;
  job_.memory = "16G";
  job_.sbatch = {"--partition=gpu"};
  const std::string task = slurm_scripts(job_)[0].text;
  for (const char* option : {"--array=1-5", "--time=12:00:00", "--cpus-per-task=8", "--mem=16G",
                             "--partition=gpu", "--requeue", "--signal=B:USR1@300"})
    EXPECT_THAT(task, HasSubstr(std::string("#SBATCH ") + option + "\n"));
}

TEST_F(SlurmScripts, AFurtherOptionOnWhichTheyRelyIsRefused) {
  for (const char* const option : {"--array=1-5%2", "--array 1-5", "-a1-5", "-a 1-5", "--job-name=mine",
                                   "-Jmine", "--signal=USR2@60", "--requeue", "--no-requeue"}) {
    job_.sbatch = {"--partition=gpu", option};
    expect_error([&] { (void)slurm_scripts(job_); }, Fault::InvalidArgument,
                 "--sbatch: '" + std::string(option) + "' is set by the scripts");
  }
  job_.sbatch = {"--array-like=1", "--account=vision", "-A vision"};
  EXPECT_EQ(slurm_scripts(job_).size(), 3U);
}

TEST_F(SlurmScripts, TheLinesThatStartThemRun) {
  std::ofstream(folder_ / "lines.sh") << sbatch_lines(job_);
  fs::create_directories(folder_ / "run");
  const ProgramResult lines = Program(folder_ / "run", "/bin/bash", {(folder_ / "lines.sh").string()},
                                      {{"PATH", (folder_ / "bin dir").string() + ":/usr/bin:/bin"}})
                                  .wait();
  EXPECT_EQ(lines.exit_code, 0) << lines.err;
  EXPECT_EQ(called(), "sbatch --parsable " + (job_.out / "task.sh").string() +
                          "\nsbatch --dependency=afterany:77 " + (job_.out / "finish.sh").string() + "\n");
}

}  // namespace
}  // namespace tvr
