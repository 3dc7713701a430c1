// fuzz_seeds FOLDER: writes FOLDER/NAME_fuzz/..., small whole files for each fuzzer to start with.
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>

#include "data/tensors/npy.h"
#include "data/tensors/pth.h"
#include "pipeline/run/run_manifest.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/test_video.h"

namespace tvr::testing {
namespace {

namespace fs = std::filesystem;

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] fs::path path(const std::string& fuzzer, const std::string& name) const {
    fs::create_directories(folder_ / (fuzzer + "_fuzz"));
    return folder_ / (fuzzer + "_fuzz") / name;
  }
  void write(const std::string& fuzzer, const std::string& name, const std::string& bytes) const {
    std::ofstream(path(fuzzer, name), std::ios::binary) << bytes;
  }

 private:
  fs::path folder_;
};

Tensor six_numbers() {
  Tensor tensor;
  tensor.dtype = DType::F32;
  tensor.shape = {2, 3};
  tensor.bytes.resize(24);
  return tensor;
}

void write_tensor_files(const Seeds& seeds) {
  write_pth(seeds.path("pth", "zip.pth"), {{"w", six_numbers()}, {"module.b", six_numbers()}});
  write_pth_groups(seeds.path("pth", "groups.pth"), {{"2d", {{"video1", six_numbers()}}}});
  seeds.write("pth", "legacy.pth", legacy_pth(pickled_state()));
  seeds.write("pth", "zip_python2.pth", zip_pth(pickled_state()));
  seeds.write("pickle", "state.pkl", pickled_state());
  seeds.write("zip", "stored.zip", zip_pth(pickled_state()));
  write_npy(seeds.path("npy", "floats.npy"), six_numbers());
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
  seeds.write("safetensors", "w.safetensors",
              little_endian(header.size(), 8) + header + std::string(24, '\0'));
}

void write_texts(const Seeds& seeds) {
  seeds.write("csv", "captions.csv", "video,caption,start,end\nvideo1,\"a man, \"\"cooking\"\"\",0,2.5\r\n");
  seeds.write(
      "msrvtt_json", "msrvtt.json",
      R"({"videos":[{"video_id":"video0","category":1,"split":"train","url":"u","start time":1.5,)"
      R"("end time":9,"id":0}],"sentences":[{"caption":"a man cooks","video_id":"video0","sen_id":0}]})");
  seeds.write("tokenizer", "words.txt", "A man's d\xc3\xb6ner, isn't_it 42\xe2\x80\xa6");
  seeds.write("word2vec", "text.vec", "2 3\nman 1 2 3\ncooks 0.5 -1e-3 2\n");
  seeds.write("word2vec", "glove.txt", "man 1 2 3\ncooks 0.5 -1e-3 2\n");
  seeds.write("word2vec", "binary.bin",
              "2 2\nman " + std::string(8, '?') + "\ncooks " + std::string(8, '>') + "\n");
  seeds.write("fasttext", "header.bin", little_endian(12, 4) + little_endian(3, 4) + std::string(60, '\1'));
}

void write_run(const Seeds& seeds) {
  RunManifest run;
  run.lanes = {{"2d", R"({"fps":1})", "random:seed=1"}};
  run.store = "/run/features.db";
  run.checkpoint = "/run/checkpoint.pth";
  run.checkpoint_content = sha256("");
  run.word_vectors = "/words.bin";
  run.data.dataset.format = "captions";
  run.data.dataset.annotations = "/captions.csv";
  run.training = {{"epochs", "3"}};
  seeds.write("run_manifest", "run.json", text_of("/run", run));
}

void write_videos(const Seeds& seeds) {
  for (const char* const name : {"a.mkv", "a.mp4", "a.avi", "a.ts", "a.flv", "a.nut"}) {
    TestVideo video{"mpeg4", 32, 32, at_rate(12, 8)};
    if (std::strcmp(name, "a.flv") == 0) video.codec = "flv";
    write_video(seeds.path("clip_stream", name), video);
  }
}

}  // namespace
}  // namespace tvr::testing

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    const tvr::testing::Seeds seeds(argv[1]);
    tvr::testing::write_tensor_files(seeds);
    tvr::testing::write_texts(seeds);
    tvr::testing::write_run(seeds);
    tvr::testing::write_videos(seeds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
    return 1;
  }
  return 0;
}
