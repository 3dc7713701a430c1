// fuzz_seeds FOLDER: writes FOLDER/NAME_fuzz/..., small whole files for each fuzzer to start with.
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <string_view>

#include "data/narrations/narration_record.h"
#include "data/narrations/narration_table.h"
#include "data/stable_hash.h"
#include "data/tensors/npy.h"
#include "data/tensors/pth.h"
#include "data/tensors/zip.h"
#include "pipeline/run/run_manifest.h"
#include "tests/data/narrations/narration_pickles.h"
#include "tests/data/tensors/numpy_pickles.h"
#include "tests/support/base64.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/test_video.h"
#include "tests/support/zip_bytes.h"
#include "tests/text/tokenizers/vocabularies.h"

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
  int number = 0;
  for (const NumpyPickle& each : kNumpyPickles)
    seeds.write("pickle", "numpy" + std::to_string(number++) + ".pkl", from_base64(each.base64));
  seeds.write("zip", "stored.zip", zip_pth(pickled_state()));
  write_npy(seeds.path("npy", "floats.npy"), six_numbers());
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
  seeds.write("safetensors", "w.safetensors",
              little_endian(header.size(), 8) + header + std::string(24, '\0'));
}

void write_texts(const Seeds& seeds) {
  seeds.write("csv", "captions.csv", "video,caption,start,end\nvideo1,\"a man, \"\"cooking\"\"\",0,2.5\r\n");
  seeds.write("subtitles", "a.srt",
              "1\r\n00:00:01,500 --> 00:00:04,000\r\nSlice <i>the</i>\r\nonions.\r\n\r\n");
  seeds.write("subtitles", "a.vtt",
              "WEBVTT\n\nNOTE x\n\nid\n00:01.000 --> 00:02.500 line:0\n<v B>Salt &amp; {x}\n");
  seeds.write("crosstask", "tasks.txt", "23521\nMake Jello Shots\nhttp://u\n2\npour water,stir mixture\n\n");
  seeds.write("crosstask", "videos.csv", "23521,-D-1sev2dP0,https://u\n23521,_dUOtpdgAHc,https://u\n");
  seeds.write("crosstask", "annotation.csv", "2,11.4,30\n1,7.99,8.01\n");
  seeds.write("matrix_csv", "scores.csv", "1,-2.5e-1,+3\r\n4,5,6\n");
  seeds.write(
      "placed_steps", "localized.csv",
      "video,task,step,second,score,hit,name\na,23521,1,7,0.25,1,\"pour, water\"\na,23521,2,,,,stir\n");
  seeds.write(
      "msrvtt_json", "msrvtt.json",
      R"({"videos":[{"video_id":"video0","category":1,"split":"train","url":"u","start time":1.5,)"
      R"("end time":9,"id":0}],"sentences":[{"caption":"a man cooks","video_id":"video0","sen_id":0}]})");
  seeds.write(
      "dataset", "youcook2.json",
      R"({"database":{"x_1":{"subset":"training","annotations":[{"segment":[1,9.5],"sentence":"cut"}]},)"
      R"("y":{"subset":"validation","annotations":[{"segment":[0,3],"sentence":""}]}}})");
  seeds.write("dataset", "youcook2.csv", "end,start,task,text,video_id\n60,47,226,pick the ends,x_1\n");
  seeds.write("dataset", "msvd.txt", "# MSVD\nmv89psg6zh4_33_46 a bird\nx_1_2 a cat\n");
  seeds.write("dataset", "msvd.json", R"([{"id": "x_1_2.avi", "caption": ["one", "two"]}])");
  seeds.write("dataset", "vatex.json", R"([{"videoID": "x_000001_000011", "enCap": ["one"], "chCap": []}])");
  seeds.write("dataset", "lsmdc.csv",
              "m_1\t00.00.01.000\t00.00.02.000\t00.00.01.000\t00.00.02.000\t\"SOMEONE \"\"cuts\"\".\" He\n"
              "m_2\t00.00.03.000\t00.00.04.000\t00.00.03.000\t00.00.04.000\tNA\n");
  seeds.write("dataset", "howto100m.csv",
              "video_id,category_1,category_2,rank,task_id, path\nx_1,Cars & Other,Dogs,27,52907, x/1.npy\n");
  for (const NumpyPickle& each : kNumpyPickles) {
    if (std::string_view(each.name) == "clips of pooled vectors")
      seeds.write("dataset", "clips" + std::to_string(each.protocol) + ".pkl", from_base64(each.base64));
  }
  seeds.write("json_text", "history.jsonl",
              "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"val\":{\"R@1\":[1e3,null]}}\n");
  seeds.write("tokenizer", "words.txt", "A man's d\xc3\xb6ner, isn't_it 42\xe2\x80\xa6");
  seeds.write("word2vec", "text.vec", "2 3\nman 1 2 3\ncooks 0.5 -1e-3 2\n");
  seeds.write("word2vec", "glove.txt", "man 1 2 3\ncooks 0.5 -1e-3 2\n");
  seeds.write("word2vec", "binary.bin",
              "2 2\nman " + std::string(8, '?') + "\ncooks " + std::string(8, '>') + "\n");
  seeds.write("fasttext", "header.bin", little_endian(12, 4) + little_endian(3, 4) + std::string(60, '\1'));
}

void write_vocabularies(const Seeds& seeds) {
  seeds.write("subword_vocabulary", "clip.json", clip_json().dump());
  seeds.write("subword_vocabulary", "gemma.json", gemma_json().dump());
  seeds.write("subword_vocabulary", "merges.txt", "#version: 0.2\nc a\nca t</w>\n");
  seeds.write("subword_vocabulary", "vocab_and_merges",
              "{\"<|startoftext|>\":0,\"<|endoftext|>\":1,\"c\":2,\"a</w>\":3,\"ca</w>\":4}\nc a</w>\n");
  seeds.write("subword_vocabulary", "spiece.model", sentencepiece_bytes(siglip_pieces()));
  for (const GoldenTokens& golden : kClipGolden)
    seeds.write("subword_text", std::to_string(golden.ids.at(1)), golden.text);
  seeds.write("subword_text", "odd",
              "<|startoftext|> &eacute &#x1F389; \xce\x91\xce\xa3 e\xcc\x81 <h1> </s> \xff");
}

void write_encoder_configs(const Seeds& seeds) {
  seeds.write("encoder_config", "clip.json",
              R"({"config": {"model_type": "clip", "projection_dim": 512, "text_config_dict": null,
 "text_config": {"hidden_act": "gelu", "eos_token_id": 2, "vocab_size": 49408, "max_position_embeddings": 77},
 "vision_config": {"hidden_size": 768, "num_attention_heads": 12, "layer_norm_eps": 1e-5, "image_size": 224}},
 "preprocessor": {"crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 224}, "resample": 3,
 "image_mean": [0.4, 0.5, 0.6], "do_center_crop": true}})");
  seeds.write("encoder_config", "siglip.json",
              R"({"config": {"model_type": "siglip", "text_config": {}, "vision_config": {"patch_size": 16}},
 "preprocessor": {"size": {"height": 224, "width": 224}, "rescale_factor": 0.00392156862745098}})");
  seeds.write(
      "encoder_config", "open_clip.json",
      R"({"model_cfg": {"embed_dim": 512, "quick_gelu": true, "vision_cfg": {"image_size": 224, "layers": 12,
 "width": 768, "patch_size": 32, "head_width": 64, "mlp_ratio": 4.0, "act_kwargs": {"approximate": "tanh"}},
 "text_cfg": {"context_length": 77, "heads": 8, "pool_type": "eos", "norm_kwargs": {"eps": 1e-6}}},
 "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "interpolation": "bicubic", "resize_mode": "shortest"}})");
  seeds.write("encoder_config", "pe.json",
              R"({"model_cfg": {"embed_dim": 1024, "vision_cfg": {"image_size": 224, "timm_pool": "map",
 "timm_model_name": "vit_pe_core_base_patch16_224", "timm_proj": null}, "text_cfg": {"width": 1024, "heads": 16,
 "no_causal_mask": false}, "custom_text": true}, "preprocess_cfg": {"resize_mode": "squash"}})");
}

void write_narrations(const Seeds& seeds) {
  seeds.write(
      "narration_source", "caption.json",
      R"({"v": {"start": [0.5, NaN, 1e1], "end": [2, 3, -Infinity], "text": ["a\u00e9", null, 12], "x": {}}})");
  int number = 0;
  for (const NarrationPickle& each : kNarrationPickles)
    seeds.write("narration_source", "caption" + std::to_string(number++) + ".pickle",
                from_base64(each.base64));
  CraftedRecord csv;
  csv.name = csv.local_name = "v.csv";
  csv.bytes = "start,end,text\n0,1.5,\"a, b\"\n";
  csv.size = csv.bytes.size();
  csv.crc = ::tvr::crc32(csv.bytes);
  seeds.write("narration_source", "captions.zip", archive_of({csv}));
  std::string record;
  append_record(record, "v", {{0.5, 1}, {2, 3}, {"a b", ""}});
  seeds.write("narration_record", "record", record.substr(kDigestBytes));
  seeds.write("narration_record", "table", bytes_of(NarrationTable{{0, 9}, {2, 1}, {1, 3}, {1, 0}, "vab"}));
}

void write_run(const Seeds& seeds) {
  RunManifest run;
  run.lanes = {{"2d", R"({"fps":1})", "random:seed=1"}};
  run.store = "/run/features.db";
  run.networks = {{"/run/checkpoint.pth", sha256("")}, {"/run/network-2/checkpoint.pth", {}}};
  run.linear = {"/run/linear.pth", sha256("")};
  run.linear_weight = 0.5;
  run.kernel = {"/run/kernel.pth", sha256("")};
  run.kernel_weight = 0.25;
  run.word_vectors = "/words.bin";
  run.data.dataset.format = "captions";
  run.data.dataset.annotations = "/captions.csv";
  run.training = {{"epochs", "3"}};
  seeds.write("run_manifest", "run.json", text_of("/run", run));
}

/// What the fuzzer completes by a digest.
void write_kept_index(const Seeds& seeds) {
  const std::string header =
      R"({"basis":{"checkpoint":"","window_s":10.0,"long_s":30.0},"dim":2,"videos":[{"id":"a","features":"f",)"
      R"("length":5000000,"windows":[0,5000000]}]})";
  seeds.write("search_index", "one.bin",
              "tvr search index 1\n" + little_endian(header.size(), 8) + header + std::string(8, '\0'));
}

/// What the fuzzer completes by a digest: a set of two stores, and in one of them the video "a".
void write_store_catalog(const Seeds& seeds) {
  const std::string files =
      R"({"files":[{"recipes":[[1,"2d","{}","random:seed=1",2048,1]],"stamp":"1:1000000000.000000000;"},)"
      R"({"recipes":[],"stamp":"1:1000000000.000000000;"}]})";
  seeds.write("store_catalog", "set",
              files + '\n' + little_endian(stable_hash("a"), 8) + little_endian(0, 4));
}

/// What the fuzzer completes by a checksum: a joint embedding of 1 x 1 values, its Adam state and no best
/// one.
void write_training_state(const Seeds& seeds) {
  const std::string header =
      R"({"identity":"","shape":[1,1,1,0],"adam_step":1,"epoch":1,"step":1,"loss_sum":0.5,"reports":[],)"
      R"("with_best":false,"log_scale":[0,0,0],"best_score":0,"best_epoch":0})";
  seeds.write("train_state", "state",
              "tvr train state 1\n" + little_endian(header.size(), 8) + header +
                  std::string(30 * sizeof(float), '\0'));
}

/// A head on vectors of one value, which is a checkpoint, too, after the epoch before the first.
void write_head_state(const Seeds& seeds) {
  const float zero = 0;
  const Tensor square = Tensor::from_floats({1, 1}, &zero), scalar = Tensor::from_floats({}, &zero);
  const auto doubles = [](std::vector<std::int64_t> shape, std::vector<double> values) {
    Tensor tensor{DType::F64, std::move(shape), std::vector<std::byte>(values.size() * sizeof(double))};
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
  };
  NamedTensors tensors;
  for (const char* const part : {"", "head.", "mean.", "variance.", "best."}) {
    tensors.emplace_back(std::string(part) + "text.weight", square);
    tensors.emplace_back(std::string(part) + "video.weight", square);
    tensors.emplace_back(std::string(part) + "logit_scale", scalar);
  }
  tensors.emplace_back("identity", Tensor{DType::U8, {0}, {}});
  tensors.emplace_back("counters", doubles({6}, {0, 1, 0, 0, 0, 0}));
  tensors.emplace_back("reports", doubles({1, 10}, std::vector<double>(10)));
  write_pth(seeds.path("head_state", "state.pth"), tensors);
}

void write_requests(const Seeds& seeds) {
  seeds.write(
      "http_request", "search",
      "GET /api/search?q=a%20man+cooks&top=5 HTTP/1.1\r\nHost: localhost:8000\r\nAccept: */*\r\n\r\n");
  seeds.write("http_request", "range",
              "HEAD /media?video=a HTTP/1.1\r\nHost: [::1]\r\nRange: bytes=0-9\r\nIf-Range: \"v\"\r\n"
              "If-None-Match: W/\"v\", *\r\nConnection: close\r\n\r\n");
  seeds.write("http_request", "body",
              "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\nGET / HTTP/1.1\r\n");
}

void write_videos(const Seeds& seeds) {
  for (const char* const name : {"a.mkv", "a.mp4", "a.avi", "a.ts", "a.flv", "a.nut"}) {
    TestVideo video{"mpeg4", 32, 32, at_rate(12, 8)};
    if (std::strcmp(name, "a.flv") == 0) video.codec = "flv";
    write_video(seeds.path("clip_stream", name), video);
  }
}

void write_pictures(const Seeds& seeds) {
  cv::Mat picture(16, 24, CV_8UC3);
  cv::randu(picture, 0, 255);
  for (const char* const name : {"a.jpg", "a.png", "a.webp"})
    cv::imwrite(seeds.path("picture_file", name).string(), picture);
  cv::imwrite(seeds.path("picture_file", "progressive.jpg").string(), picture,
              {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
}

}  // namespace
}  // namespace tvr::testing

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    const tvr::testing::Seeds seeds(argv[1]);
    tvr::testing::write_tensor_files(seeds);
    tvr::testing::write_texts(seeds);
    tvr::testing::write_vocabularies(seeds);
    tvr::testing::write_encoder_configs(seeds);
    tvr::testing::write_narrations(seeds);
    tvr::testing::write_run(seeds);
    tvr::testing::write_kept_index(seeds);
    tvr::testing::write_store_catalog(seeds);
    tvr::testing::write_training_state(seeds);
    tvr::testing::write_head_state(seeds);
    tvr::testing::write_requests(seeds);
    tvr::testing::write_videos(seeds);
    tvr::testing::write_pictures(seeds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
    return 1;
  }
  return 0;
}
