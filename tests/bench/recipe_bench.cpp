// Recipes of the joint embedding on the real frame features of MSR-VTT videos 0..599 (train 0..499, test
// 500..599), every caption a query: mean and deviation over seeds, and a control whose training captions are
// dealt to the wrong videos.
//   recipe_bench FOLDER [NAME=VALUE ...]      FOLDER: MSRVTT_data.json, features_vgg128/videoN.npy
// Names: recipe, pooling (max, mean, both), seeds, first_test (another hundred test videos), control, dim,
// and options of training.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "data/datasets.h"
#include "data/feature.h"
#include "data/npy.h"
#include "model/joint_embedding.h"
#include "model/random.h"
#include "model/retrieval_metrics.h"
#include "model/trainer.h"
#include "text/sentence.h"
#include "text/tokenizer.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

using Settings = std::map<std::string, std::string>;

double number(const Settings& settings, const std::string& name, double otherwise) {
  const auto found = settings.find(name);
  return found == settings.end() ? otherwise : std::atof(found->second.c_str());
}

std::vector<float> pooled(const std::filesystem::path& file, const std::string& how) {
  const Tensor tensor = read_npy(file);
  const std::vector<float> values = tensor.to_floats();
  const auto rows = static_cast<std::size_t>(tensor.shape[0]),
             cols = static_cast<std::size_t>(tensor.shape[1]);
  std::vector<float> highest(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(cols)), mean(cols);
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t d = 0; d < cols; ++d) {
      highest[d] = std::max(highest[d], values[t * cols + d]);
      mean[d] += values[t * cols + d] / static_cast<float>(rows);
    }
  }
  l2_normalize(highest.data(), cols);
  l2_normalize(mean.data(), cols);
  if (how == "max") return highest;
  if (how == "mean") return mean;
  highest.insert(highest.end(), mean.begin(), mean.end());
  return highest;
}

struct Sentences {
  std::vector<std::string> texts;
  std::vector<std::int32_t> clips;
};

void add(const CaptionSet& from, std::map<int, std::vector<std::string>>& by_video) {
  for (const Caption& caption : from.captions) {
    const std::string& id = from.clips[static_cast<std::size_t>(caption.clip)].video_id;
    const int number = std::atoi(id.c_str() + 5);
    if (id.compare(0, 5, "video") == 0 && number < 600) by_video[number].push_back(caption.text);
  }
}

PairData pairs_of(const Sentences& sentences, const WordTable& table, const std::filesystem::path& folder,
                  int first, const std::string& pooling, int count) {
  PairData pairs;
  for (int v = 0; v < count; ++v) {
    const std::vector<float> row =
        pooled(folder / "features_vgg128" / ("video" + std::to_string((first + v) % 600) + ".npy"), pooling);
    if (v == 0) pairs.clips = Matrix(count, static_cast<std::int64_t>(row.size()));
    std::copy(row.begin(), row.end(), pairs.clips.row(v));
  }
  for (std::size_t i = 0; i < sentences.texts.size(); ++i) {
    pairs.captions.push_back(encode(sentences.texts[i], table, 20));
    pairs.clip_of.push_back(sentences.clips[i]);
  }
  return pairs;
}

struct Mean {
  double mean = 0, deviation = 0;
};
Mean mean_of(const std::vector<double>& values) {
  Mean result;
  for (const double value : values) result.mean += value / static_cast<double>(values.size());
  for (const double value : values) result.deviation += std::pow(value - result.mean, 2);
  result.deviation =
      values.size() > 1 ? std::sqrt(result.deviation / static_cast<double>(values.size() - 1)) : 0;
  return result;
}

int run(const std::filesystem::path& folder, int seeds, const Settings& settings) {
  MsrvttFiles files;
  files.annotations = settings.count("annotations") != 0 ? settings.at("annotations")
                                                         : (folder / "MSRVTT_data.json").string();
  const DataSet data = read_msrvtt(files);
  const int first = static_cast<int>(number(settings, "first_test", 500));
  std::map<int, std::vector<std::string>> by_video;
  Sentences train, test;
  for (const CaptionSet* set : {&data.train, &data.val, &data.test}) add(*set, by_video);
  for (const auto& [video, texts] : by_video) {
    const int place = (video - first + 600) % 600;  // the test videos come first
    Sentences& side = place < 100 ? test : train;
    for (const std::string& text : texts) {
      side.texts.push_back(text);
      side.clips.push_back(place < 100 ? place : place - 100);
    }
  }
  const std::filesystem::path work =
      std::filesystem::temp_directory_path() / ("recipe_bench." + std::to_string(getpid()));
  std::filesystem::create_directories(work);
  SkipgramOptions skipgram;
  skipgram.dim = static_cast<int>(number(settings, "word_dim", 100));
  train_skipgram(train.texts, skipgram, work / "words.bin");
  std::set<std::string> words;
  for (const Sentences* side : {&train, &test}) {
    for (const std::string& text : side->texts) {
      for (const auto& token : tokenize(text)) words.insert(std::string(token));
    }
  }
  const WordTable table = open_word_vectors(work / "words.bin")->lookup({words.begin(), words.end()});
  const std::string pooling = settings.count("pooling") != 0 ? settings.at("pooling") : "max";
  PairData shown = pairs_of(train, table, folder, first + 100, pooling, 500);
  const PairData asked = pairs_of(test, table, folder, first, pooling, 100);

  for (const bool shuffled : {false, true}) {
    if (shuffled && number(settings, "control", 1) == 0) break;
    std::vector<double> r1, r5, r10, median;
    for (int seed = 1; seed <= seeds; ++seed) {
      TrainOptions options =
          settings.count("recipe") != 0 ? recipe_named(settings.at("recipe")) : TrainOptions();
      options.epochs = static_cast<int>(number(settings, "epochs", options.epochs));
      options.batch_size = static_cast<int>(number(settings, "batch", options.batch_size));
      options.embd_dim = static_cast<std::int64_t>(number(settings, "dim", 512));
      options.lr = number(settings, "lr", options.lr);
      options.margin = number(settings, "margin", options.margin);
      options.temperature = number(settings, "temperature", options.temperature);
      options.n_pair = static_cast<int>(number(settings, "n_pair", options.n_pair));
      options.cosine = number(settings, "cosine", options.cosine ? 1 : 0) != 0;
      if (settings.count("loss") != 0) options.loss = loss_named(settings.at("loss"));
      options.seed = static_cast<std::uint64_t>(seed);
      PairData dealt = shown;
      if (shuffled) {
        std::vector<std::int32_t> wrong(500);
        for (std::int32_t v = 0; v < 500; ++v) wrong[static_cast<std::size_t>(v)] = v;
        shuffle(wrong, CounterRandom(static_cast<std::uint64_t>(seed), RandomUse::ClipOrder, 999));
        for (std::int32_t& clip : dealt.clip_of) clip = wrong[static_cast<std::size_t>(clip)];
      }
      const TrainResult result =
          tvr::train(dealt, {}, table.vectors, options, work / ("state" + std::to_string(seed)), {}, {});
      std::filesystem::remove(work / ("state" + std::to_string(seed)));
      const JointEmbedding model(result.weights, options.max_words);
      const RetrievalMetrics m = summarize(text_to_video_ranks(
          model.embed_text(table.vectors, asked.captions), model.embed_video(asked.clips), asked.clip_of));
      r1.push_back(m.r1), r5.push_back(m.r5), r10.push_back(m.r10), median.push_back(m.median_rank);
    }
    std::printf("%-9s R@1 %5.2f +- %.2f  R@5 %5.2f +- %.2f  R@10 %5.2f +- %.2f  MedR %5.1f +- %.1f\n",
                shuffled ? "shuffled" : "paired", mean_of(r1).mean, mean_of(r1).deviation, mean_of(r5).mean,
                mean_of(r5).deviation, mean_of(r10).mean, mean_of(r10).deviation, mean_of(median).mean,
                mean_of(median).deviation);
    std::fflush(stdout);
  }
  std::filesystem::remove_all(work);
  return 0;
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: recipe_bench FOLDER [NAME=VALUE ...]\n");
    return 64;
  }
  tvr::Settings settings;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    settings[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  try {
    return tvr::run(argv[1], static_cast<int>(tvr::number(settings, "seeds", 5)), settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
