// The whole extraction of both lanes (ResNet-152, ResNeXt-101, one set of random weights) by `pipeline
// extract`, against video_feature_extractor's way (tests/parity/extract_reference.py) and against the
// machine's own bound, in one run:
//   tvr_extract_bench PIPELINE [--rounds N] [--reference threads|installed]... FILE...
//   tvr_extract_bench PIPELINE      briefly: small networks on a video that it makes itself, no reference
// "threads" gives the reference OpenBLAS and every core, "installed" is Debian's PyTorch without OpenBLAS:
// one thread on the reference BLAS. The bound is the networks' arithmetic at the rate of a matrix product,
// plus the decoding: at its median rate, measured in each round as all else is, and at the fastest ever seen.
// Times are of whole processes, loading included; "others" tells how many cores' worth of time other
// processes took meanwhile: figures beside a large one are too slow. Exit code 77 without the ffmpeg program
// or Python's torch.

#include <fcntl.h>
#include <omp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/usable_cores.h"
#include "extract/media/clip_stream.h"
#include "extract/networks/network.h"
#include "extract/networks/resnet.h"
#include "tests/support/arithmetic.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"
#include "towers/onednn.h"

namespace tvr::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Path = std::filesystem::path;

constexpr int kSkipped = 77;

struct Skip : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int cores() { return usable_cores(); }
double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// CPU seconds of all processes since boot.
double machine_cpu_s() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0;
  file >> name >> user >> nice >> system;
  return (user + nice + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// One run of a program, or several added up.
struct Run {
  double wall_s = 0, cpu_s = 0, others = 0;  // others: cores that other processes kept busy
  double peak_gb = 0;
};

using Command = std::vector<std::string>;

/// Runs it with its output thrown away; `environment` is added to ours.
Run run(const Command& command, const std::map<std::string, std::string>& environment = {}) {
  const double machine = machine_cpu_s();
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    const int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    if (getenv("TVR_BENCH_LOUD") == nullptr) dup2(nothing, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) < 0)
    throw std::runtime_error("cannot start " + command[0]);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) throw Skip("needs " + command[0]);
  if (status != 0) throw std::runtime_error(command[0] + " " + command[1] + " failed");
  Run run;
  run.wall_s = since(start);
  run.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  run.others = std::max(0.0, (machine_cpu_s() - machine - run.cpu_s) / run.wall_s);
  run.peak_gb = static_cast<double>(usage.ru_maxrss) / 1e6;
  return run;
}

Run operator+(const Run& a, const Run& b) {
  return {a.wall_s + b.wall_s, a.cpu_s + b.cpu_s, std::max(a.others, b.others),
          std::max(a.peak_gb, b.peak_gb)};
}

/// The run of the median wall time.
Run median(std::vector<Run> runs) {
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.wall_s < b.wall_s; });
  return runs[runs.size() / 2];
}

/// What there is to do, decoded once in this process by one thread.
struct Work {
  double gflop = 0, decode_s = 0;
  std::array<std::int64_t, 2> rows{};
};

Work work_of(const std::vector<Path>& files, bool brief) {
  const std::array<Network, 2> networks =
      brief ? std::array{resnet2d({2, 2, 2, 2}, false), resnet3d({2, 2, 2, 2}, Block3d::Basic)}
            : std::array{resnet2d({3, 8, 36, 3}, true), resnet3d({3, 4, 23, 3}, Block3d::ResNeXt)};
  Work work;
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  for (const Path& file : files) {
    ClipStream stream(file, {lane_2d(), lane_3d()});
    while (const std::optional<Clip> clip = stream.next()) {
      ++work.rows.at(clip->lane);
      work.gflop += gflop(networks.at(clip->lane), clip->height, clip->width);
    }
  }
  getrusage(RUSAGE_SELF, &after);
  work.decode_s = seconds(after.ru_utime) - seconds(before.ru_utime);
  return work;
}

/// GFLOP/s of matrix products on all cores.
struct Rate {
  double usual = 0;    // the median of the fastest shape
  double fastest = 0;  // of any product
};

Rate product_rate(dnnl::memory::data_type type) {
  using Memory = dnnl::memory;
  omp_set_num_threads(cores());
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  Rate rate;
  for (const Memory::dims& s : {Memory::dims{1024, 1024, 1024}, {4096, 512, 512}, {1024, 256, 2048}}) {
    const Memory::desc a({s[0], s[2]}, type, Memory::format_tag::ab),
        c({s[0], s[1]}, type, Memory::format_tag::ab);
    const auto described =
        onednn::matrix_product(engine, a, {{s[2], s[1]}, type, Memory::format_tag::any}, c);
    Memory from(a, engine), by(described.weights_desc(), engine), to(c, engine);
    for (Memory* memory : {&from, &by}) {
      std::fill_n(static_cast<char*>(memory->get_data_handle()), memory->get_desc().get_size(), char{0x3c});
    }
    const dnnl::matmul product(described);
    std::vector<double> rates;
    for (const auto start = Clock::now(); since(start) < 0.4;) {
      const auto one = Clock::now();
      product.execute(stream, {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, by}, {DNNL_ARG_DST, to}});
      stream.wait();
      rates.push_back(2e-9 * static_cast<double>(s[0] * s[1] * s[2]) / since(one));
    }
    std::sort(rates.begin(), rates.end());
    rate.usual = std::max(rate.usual, rates[rates.size() / 2]);
    rate.fastest = std::max(rate.fastest, rates.back());
  }
  return rate;
}

struct Options {
  Path pipeline;
  int rounds = 1;
  std::vector<std::string> references;
  std::vector<Path> files;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), brief_(options.files.empty()) {
    if (!brief_) {
      if (!python_has("torch, torchvision")) throw Skip("needs Python's torch and torchvision");
      (void)run({kPython, script(), "weights", folder_.path().string()});
    } else {
      options_.files.push_back(folder_ / "made.mp4");
      (void)run({"ffmpeg", "-v", "fatal", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=2",
                 "-pix_fmt", "yuv420p", options_.files[0].string()});
    }
    std::ofstream list(folder_ / "list.csv");
    list << "path\n";
    for (const Path& file : options_.files) list << '"' << std::filesystem::absolute(file).string() << "\"\n";
  }

  void operator()() {
    const Work work = work_of(options_.files, brief_);
    std::printf("%zu videos, %lld frames and %lld clips, %.0f GFLOP, decoding %.2f CPU s; %d cores\n",
                count(), static_cast<long long>(work.rows[0]), static_cast<long long>(work.rows[1]),
                work.gflop, work.decode_s, cores());
    std::map<std::string, std::vector<Run>> runs;
    std::map<std::string, std::vector<Rate>> rates;
    for (int round = 0; round < options_.rounds; ++round) {
      for (const std::string& precision : precisions()) {
        runs["ours, " + precision].push_back(ours(precision));
        rates[precision].push_back(
            product_rate(precision == "bf16" ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32));
      }
      for (const std::string& kind : options_.references)
        runs["reference, " + kind].push_back(reference(kind));
    }
    for (auto& [precision, all] : rates) {
      std::sort(all.begin(), all.end(), [](const Rate& a, const Rate& b) { return a.usual < b.usual; });
      double fastest = 0;
      for (const Rate& rate : all) fastest = std::max(fastest, rate.fastest);
      tell_bound(work, precision + ", usual rate", all[all.size() / 2].usual);
      tell_bound(work, precision + ", fastest rate", fastest);
    }
    for (const auto& [name, all] : runs) tell(name, median(all));
  }

 private:
  [[nodiscard]] std::size_t count() const { return options_.files.size(); }
  [[nodiscard]] static std::string script() {
    return std::string(TVR_SOURCE_DIR) + "/tests/parity/extract_reference.py";
  }
  [[nodiscard]] static std::vector<std::string> precisions() {
    return onednn::has_bf16() ? std::vector<std::string>{"fp32", "bf16"} : std::vector<std::string>{"fp32"};
  }

  Run ours(const std::string& precision) {
    const TempFolder store;
    Command command = {
        options_.pipeline.string(),       "extract",     "--list", (folder_ / "list.csv").string(), "--store",
        (store / "features.db").string(), "--precision", precision};
    const Command networks =
        brief_ ? Command{"--random-weights", "--model-2d", "resnet18", "--model-3d", "resnet18-3d"}
               : Command{"--weights-2d", (folder_ / "2d.pth").string(), "--weights-3d",
                         (folder_ / "3d.pth").string()};
    command.insert(command.end(), networks.begin(), networks.end());
    return run(command);
  }

  Run reference(const std::string& kind) {
    const bool installed = kind == "installed";
    std::map<std::string, std::string> environment;
    if (installed) {
      environment["LD_LIBRARY_PATH"] = "/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack";
    }
    Run both;
    for (const char* lane : {"2d", "3d"}) {
      Command command = {kPython,
                         script(),
                         "extract",
                         folder_.path().string(),
                         installed ? "1" : std::to_string(cores()),
                         lane,
                         (folder_ / "reference").string()};
      for (const Path& file : options_.files) command.push_back(file.string());
      both = both + run(command, environment);
    }
    return both;
  }

  void tell_bound(const Work& work, const std::string& name, double gflops) const {
    const double bound = work.gflop / gflops + work.decode_s / cores();
    std::printf("bound, %-22s %7.2f s a video (%.0f GFLOP/s)\n", name.c_str(),
                bound / static_cast<double>(count()), gflops);
  }

  void tell(const std::string& name, const Run& run) const {
    const auto videos = static_cast<double>(count());
    std::printf("%-29s %7.2f s a video, %7.2f CPU s a video, peak %.2f GB, others %.2f cores\n", name.c_str(),
                run.wall_s / videos, run.cpu_s / videos, run.peak_gb, run.others);
  }

  Options options_;
  bool brief_;
  TempFolder folder_;
};

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--rounds" && i + 1 < arguments.size()) {
      options.rounds = std::max(1, std::atoi(arguments[++i].c_str()));
    } else if (arguments[i] == "--reference" && i + 1 < arguments.size()) {
      options.references.push_back(arguments[++i]);
    } else if (options.pipeline.empty()) {
      options.pipeline = arguments[i];
    } else {
      options.files.emplace_back(arguments[i]);
    }
  }
  return options;
}

int main_of(const std::vector<std::string>& arguments) {
  try {
    const Options options = parse(arguments);
    if (options.pipeline.empty()) throw std::runtime_error("the path of the program `pipeline` is missing");
    Bench bench(options);
    bench();
    return 0;
  } catch (const Skip& why) {
    std::printf("skipped: %s\n", why.what());
    return kSkipped;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "tvr_extract_bench: %s\n", problem.what());
    return 1;
  }
}

}  // namespace
}  // namespace tvr::testing

int main(int argc, char** argv) { return tvr::testing::main_of({argv + 1, argv + argc}); }
