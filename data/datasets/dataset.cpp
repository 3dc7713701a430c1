#include "data/datasets/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/datasets/caption_lists.h"
#include "data/datasets/lsmdc.h"
#include "data/datasets/msrvtt_json.h"
#include "data/datasets/pooled_clips.h"
#include "data/datasets/split_files.h"
#include "data/datasets/youcook2.h"
#include "data/descriptor.h"
#include "data/error.h"

namespace tvr {
namespace {

/// The annotations, and the lists if given.
std::vector<DatasetFile> with_lists(const DatasetSpec& spec) {
  std::vector<DatasetFile> files = {{"annotations", spec.annotations}};
  const auto add = [&](const char* role, const std::filesystem::path& list) {
    if (!list.empty()) files.push_back({role, list});
  };
  add("train list", spec.train);
  add("validation list", spec.val);
  add("test list", spec.test);
  return files;
}

/// A CSV of captions has its splits in a column, or they are drawn: a list would be ignored.
void require_no_lists(const DatasetSpec& spec) {
  for (const auto& [flag, list] :
       {std::pair{"--train", &spec.train}, std::pair{"--val", &spec.val}, std::pair{"--test", &spec.test}}) {
    if (list->empty()) continue;
    throw Error(Fault::InvalidArgument, flag, "lists of videos have no meaning with a CSV of captions",
                "Give the CSV a column split (train, val, test), or use --test-videos or --test-fraction");
  }
}

/// Throws unless an annotation file is given.
void require_named(const DatasetSpec& spec, const std::vector<DatasetFormat>& formats) {
  if (!spec.annotations.empty()) return;
  throw Error(
      Fault::InvalidArgument, "captions", "none are given, and training needs some",
      "Pass --captions FILE.csv (video,caption) or --annotations FILE. Without captions, videos are searched "
      "by a pretrained pair (`pipeline index --encoder clip-vit-b-32 FOLDER`, then `pipeline search --index "
      "FOLDER.db`) or by a run that somebody has trained (`pipeline search --run THEIRS --store OWN.db`). "
      "Known "
      "formats of annotations: " +
          known_annotations(formats));
}

}  // namespace

const std::vector<DatasetFormat>& dataset_formats() {
  // Pickles come first: they are large, and no text.
  static const std::vector<DatasetFormat> formats = {
      {"youcook2-clips", "YouCook2, features of clips", "youcook_train.pkl",
       "pooled features with captions, of https://github.com/antoine77340/howto100m; fill a store with them "
       "by "
       "pipeline store import --pkl",
       is_pooled_clips, read_pooled_clips, with_lists},
      {"msrvtt", "MSR-VTT", "MSRVTT_data.json",
       "Xu, Mei, Yao and Rui, CVPR 2016; annotations and lists: "
       "https://github.com/ArrowLuo/CLIP4Clip/releases/download/v0.0/msrvtt_data.zip",
       is_msrvtt_json,
       [](const DatasetSpec& spec) {
         require_no_glob(spec);
         return read_msrvtt({spec.annotations, spec.train, spec.val, spec.test, spec.test_only});
       },
       with_lists},
      {"youcook2", "YouCook2", "youcookii_annotations_trainval.json",
       "Zhou, Xu and Corso, AAAI 2018; http://youcook2.eecs.umich.edu/download", is_youcook2_json,
       read_youcook2, with_lists},
      {"youcook2-csv", "YouCook2, 3,350 test clips", "validation_youcook.csv",
       "https://github.com/antoine77340/MIL-NCE_HowTo100M, in its folder csv", is_youcook2_csv,
       read_youcook2_csv,
       [](const DatasetSpec& spec) {
         return std::vector<DatasetFile>{{"test clips", spec.annotations}};
       }},
      {"lsmdc", "LSMDC", "LSMDC16_annos_training.csv",
       "Rohrbach et al., IJCV 2017; needs a signed agreement: https://sites.google.com/site/describingmovies",
       is_lsmdc, read_lsmdc, with_lists},
      {"msvd", "MSVD", "AllVideoDescriptions.txt",
       "Chen and Dolan, ACL 2011; https://www.cs.utexas.edu/~ml/clamp/videoDescription; with lists of the "
       "splits: "
       "https://github.com/ArrowLuo/CLIP4Clip/releases/download/v0.0/msvd_data.zip",
       is_msvd, read_msvd, with_lists},
      {"vatex", "VATEX", "vatex_training_v1.0.json",
       "Wang et al., ICCV 2019; https://eric-xw.github.io/vatex-website/download.html", is_vatex, read_vatex,
       with_lists},
      {"captions", "your own captions", "CSV with video,caption[,start,end][,split]", "", is_captions_csv,
       [](const DatasetSpec& spec) {
         require_no_lists(spec);
         return read_captions(spec.annotations, spec.split);
       },
       [](const DatasetSpec& spec) {
         return std::vector<DatasetFile>{{"captions", spec.annotations}};
       }},
  };
  return formats;
}

std::string known_annotations(const std::vector<DatasetFormat>& formats) {
  std::string text;
  for (const DatasetFormat& format : formats)
    text += fmt::format("{}{} ({})", text.empty() ? "" : " or ", format.annotations, format.title);
  return text;
}

const DatasetFormat& format_of(const DatasetSpec& spec, const std::vector<DatasetFormat>& formats) {
  require_named(spec, formats);
  const bool by_content = spec.format.empty();
  if (by_content && !std::filesystem::exists(spec.annotations))
    throw Error(Fault::NotFound, spec.annotations.string(), "there is no such file");
  if (by_content) (void)open_regular(spec.annotations);  // throws for a folder or a FIFO
  const auto found = std::find_if(formats.begin(), formats.end(), [&](const DatasetFormat& format) {
    return by_content ? format.recognises(spec.annotations) : format.name == spec.format;
  });
  if (found != formats.end()) return *found;
  throw Error(by_content ? Fault::Unsupported : Fault::InvalidArgument, spec.annotations.string(),
              by_content ? "the file is in no known annotation format"
                         : fmt::format("'{}' is not an annotation format", spec.format),
              "Known formats: " + known_annotations(formats));
}

DataSet read_dataset(const DatasetSpec& spec, const std::vector<DatasetFormat>& formats) {
  return format_of(spec, formats).read(spec);
}

std::vector<DatasetFile> files_of(const DatasetSpec& spec, const std::vector<DatasetFormat>& formats) {
  return format_of(spec, formats).files(spec);
}

}  // namespace tvr
