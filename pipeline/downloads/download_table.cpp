#include "pipeline/downloads/download_table.h"

#include <algorithm>

// Where the sizes and hashes come from: Hugging Face states both for the large files of a revision; many
// public projects pin the same ones, and the small files', by revision, which is how they were looked up
// here. torchvision's file names end with the first eight digits of the file's SHA-256. Where no hash was
// found, none is stated. So it is with licences: of models and weights that of their publisher's page, else
// that of the code they came with, said so.

namespace tvr {
namespace {

/// The files of one revision of a repository on Hugging Face; the names of the files are those there.
std::vector<PublishedFile> hugging_face(const std::string& repository, const std::string& revision,
                                        std::vector<PublishedFile> files) {
  for (PublishedFile& file : files)
    file.url = "https://huggingface.co/" + repository + "/resolve/" + revision + "/" + file.name;
  return files;
}

constexpr const char* kClipPreprocessing = "910e70b3956ac9879ebc90b22fb3bc8a75b6a0677814500101a4c072bd7857bd";
constexpr const char* kClipTokenizer = "a83e0809aa4c3af7208b2df632a7a69668c6d48775b3c3fe4e1b1199d1f8b8f4";

std::vector<Download> table() {
  return {
      // Safetensors of B/32 are not on the main branch but in a conversion proposed there (pull request).
      {"clip-vit-b-32", "CLIP ViT-B/32 of OpenAI: pictures and sentences, 512 columns", "MIT",
       hugging_face(
           "openai/clip-vit-base-patch32", "b33cedfd0df4e43b8238760678fcc89e1a0d38b3",
           {{"config.json", "", 4'186, "b575ef3c36f2a057fa19e221650105052d61cc9c1a972ec15019c6261ec98770"},
            {"preprocessor_config.json", "", 316, kClipPreprocessing},
            {"tokenizer.json", "", 2'224'041,
             "b556ac8c99757ffb677208af34bc8c6721572114111a6e0aaf5fa69ff0b8d842"},
            {"model.safetensors", "", 605'157'884,
             "99d28a652e6ec46629ab7047a0ac82c69b1fe11e0ce672c43af65d3a9a3fc05d"}})},
      {"clip-vit-b-16", "CLIP ViT-B/16 of OpenAI: pictures and sentences, 512 columns", "MIT",
       hugging_face(
           "openai/clip-vit-base-patch16", "57c216476eefef5ab752ec549e440a49ae4ae5f3",
           {{"config.json", "", 0, "eaf1c9089a8553c913d27ea66407f8bfc2be9989c80c9f331ddb3d63d4c5e8ad"},
            {"preprocessor_config.json", "", 316, kClipPreprocessing},
            {"tokenizer.json", "", 2'224'003, kClipTokenizer},
            {"pytorch_model.bin", "", 598'641'023,
             "ec89c7b09c749a60aae3c9cd910516f24b58214a7df060b48962d14c469cfbf0"}})},
      {"clip-vit-l-14", "CLIP ViT-L/14 of OpenAI: pictures and sentences, 768 columns", "MIT",
       hugging_face(
           "openai/clip-vit-large-patch14", "32bd64288804d66eefd0ccbe215aa642df71cc41",
           {{"config.json", "", 4'519, "8a09b467700c58138c29d53c605b34ebc69beaadd13274a8a2af8ad2c2f4032a"},
            {"preprocessor_config.json", "", 316, kClipPreprocessing},
            {"tokenizer.json", "", 2'224'003, kClipTokenizer},
            {"model.safetensors", "", 1'710'540'580,
             "a2bf730a0c7debf160f7a6b50b3aaf3703e7e88ac73de7a314903141db026dcb"}})},
      {"clip-vit-l-14-336", "CLIP ViT-L/14@336 of OpenAI: pictures and sentences, 768 columns", "MIT",
       hugging_face(
           "openai/clip-vit-large-patch14-336", "ce19dc912ca5cd21c8a653c79e251e808ccabcd1",
           {{"config.json", "", 4'757, "51b1c14aabcdf639c4a0370eeda1010b773bbe1df78319c7d0f5882c22ac0ac0"},
            {"preprocessor_config.json", "", 316,
             "d253881f65322dc546df59cf925a408e5538b8ecb5a1b496cdd36af9992686d4"},
            {"tokenizer.json", "", 0, ""},
            {"pytorch_model.bin", "", 1'711'974'081,
             "c6032c2e0caae3dc2d4fba35535fa6307dbb49df59c7e182b1bc4b3329b81801"}})},
      {"siglip-base", "SigLIP base, 16 x 16 patches of 224: pictures and sentences, 768 columns",
       "Apache-2.0",
       hugging_face(
           "google/siglip-base-patch16-224", "7fd15f0689c79d79e38b1c2e2e2370a7bf2761ed",
           {{"config.json", "", 432, "cd85b3d28829722820bcb89a2cfbb4160e55fd359249a3044da724166a8d9688"},
            {"preprocessor_config.json", "", 368,
             "d11ccb80f15d358a11bdb070e92e2d889005874b7db15823d5f10d9b2533b14a"},
            {"spiece.model", "", 798'330, "1e5036bed065526c3c212dfbe288752391797c4bb1a284aa18c9a0b23fcaf8ec"},
            {"tokenizer.json", "", 2'399'357,
             "c6e405cb7c670d56636a9402c81023a55bc6c3c53d89cf02b92f5c5005bfe920"},
            {"model.safetensors", "", 812'672'320,
             "2c63cb7d1f2e95ba501893cbb8faeb4ea9a3af295498d35097126228659c2af8"}})},
      {"siglip2-base", "SigLIP 2 base, 16 x 16 patches of 224: pictures and sentences, 768 columns",
       "Apache-2.0",
       hugging_face(
           "google/siglip2-base-patch16-224", "75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2",
           {{"config.json", "", 253, "fe8b5fe6d5734360678fd71c11c21e1ea3364bd8598d34295d9206335973ffd7"},
            {"preprocessor_config.json", "", 394,
             "9b36b57ebaf20f09bf4c22100ccc21877ea6bfe5aead0c00c59f8af8ccefacfc"},
            {"tokenizer.json", "", 34'363'039,
             "cb9140fae3ac5122c972d37adf83e1248471a38147ad76f8215c8872c6fd8322"},
            {"model.safetensors", "", 1'500'800'904,
             "612923381c76ec5a9bed335d1c48827e3f2e506ac31b044b63b2031fadee6a0b"}})},
      {"pe-core-b-16", "PE-Core B/16 of Meta, 224: pictures and sentences, 1024 columns", "Apache-2.0",
       hugging_face("timm/PE-Core-B-16", "0038414f37721c5eafc1a5e0da802d291c909de3",
                    {{"open_clip_config.json", "", 0, ""},
                     {"tokenizer.json", "", 0, ""},
                     {"open_clip_model.safetensors", "", 0, ""}})},
      {"pe-core-l-14-336", "PE-Core L/14, 336, of Meta: pictures and sentences, 1024 columns", "Apache-2.0",
       hugging_face("timm/PE-Core-L-14-336", "8eff41b3f687e50a323662c2dda5eb3588c6dd35",
                    {{"open_clip_config.json", "", 0, ""},
                     {"tokenizer.json", "", 0, ""},
                     {"open_clip_model.safetensors", "", 0,
                      "b1fff7093c32a01d98a2d82098f9adf788b30f0efee639916520b3e4302f786b"}})},
      {"resnet152",
       "ResNet-152 on ImageNet, of torchvision: the network of the 2d lane",
       "BSD-3-Clause (torchvision)",
       {{"resnet152-b121ed2d.pth", "https://download.pytorch.org/models/resnet152-b121ed2d.pth", 241'530'880,
         "b121ed2d"}}},
      {"resnext101",
       "3D ResNeXt-101 on Kinetics, of video_feature_extractor: the network of the 3d lane",
       "Apache-2.0 (code), none stated for the weights",
       {{"resnext101.pth", "https://www.rocq.inria.fr/cluster-willow/amiech/howto100m/models/resnext101.pth",
         0, ""}}},
      {"s3d",
       "S3D on HowTo100M by MIL-NCE: videos and sentences",
       "none stated",
       {{"s3d_howto100m.pth", "https://www.rocq.inria.fr/cluster-willow/amiech/howto100m/s3d_howto100m.pth",
         0, ""},
        {"s3d_dict.npy", "https://www.rocq.inria.fr/cluster-willow/amiech/howto100m/s3d_dict.npy", 0, ""}}},
      {"word2vec-google-news",
       "word vectors of Google News, 300 columns, for gunzip",
       "none stated",
       {{"GoogleNews-vectors-negative300.bin.gz",
         "https://s3.amazonaws.com/dl4j-distribution/GoogleNews-vectors-negative300.bin.gz", 1'647'046'227,
         ""}}},
      {"fasttext-cc-en",
       "word vectors of Common Crawl by fastText, 300 columns, for gunzip",
       "CC BY-SA 3.0",
       {{"cc.en.300.vec.gz", "https://dl.fbaipublicfiles.com/fasttext/vectors-crawl/cc.en.300.vec.gz",
         1'325'960'915, ""}}},
      {"msrvtt",
       "MSR-VTT: captions and splits, JSFusion's list of 1000 pairs among them, for unzip",
       "none stated",
       {{"msrvtt_data.zip", "https://github.com/ArrowLuo/CLIP4Clip/releases/download/v0.0/msrvtt_data.zip", 0,
         ""}}},
  };
}

}  // namespace

const std::vector<Download>& downloads() {
  static const std::vector<Download> rows = table();
  return rows;
}

const Download* download_named(const std::string& name) {
  for (const Download& row : downloads()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::int64_t bytes_of(const Download& download) {
  std::int64_t sum = 0;
  for (const PublishedFile& file : download.files) {
    if (file.bytes == 0) return 0;
    sum += file.bytes;
  }
  return sum;
}

bool is_verified(const Download& download) {
  return std::all_of(download.files.begin(), download.files.end(),
                     [](const PublishedFile& file) { return !file.sha256.empty(); });
}

}  // namespace tvr
