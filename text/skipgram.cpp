#include <fasttext/fasttext.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <unordered_map>

#include "data/atomic_file.h"
#include "data/descriptor.h"
#include "data/error.h"
#include "data/splitmix64.h"
#include "data/write_error.h"
#include "text/tokenizer.h"
#include "text/whitening.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

constexpr std::int64_t kProgressSteps = 1000;

/// An unnamed in-memory file: the library reads its corpus only from a path.
class MemoryFile {
 public:
  MemoryFile() : file_(::memfd_create("corpus", MFD_CLOEXEC)) {
    if (!file_) throw Error(Fault::Unreadable, "memfd_create", std::strerror(errno));
  }
  [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", file_.get()); }

 private:
  Descriptor file_;
};

void validate(const SkipgramOptions& options) {
  const auto require = [](bool legal, const char* what) {
    if (!legal) throw Error(Fault::InvalidArgument, "word vectors", what);
  };
  require(options.dim >= 1 && options.dim <= 4096, "dim must be 1 to 4096");
  require(options.epochs >= 1, "epochs must be at least 1");
  require(options.min_words >= 0 && options.min_words <= 1'000'000'000, "min_words must be 0 to a billion");
  require(options.min_count >= 1, "min_count must be at least 1");
  require(options.bucket >= 0 && options.bucket <= 10'000'000, "bucket must be 0 to 10 million");
  require(options.lr > 0 && options.lr <= 10, "lr must be between 0 and 10");
  require(options.identity_columns >= 0 && options.dim + options.identity_columns <= 4096,
          "identity_columns must be 0 to 4096 - dim");
}

/// Writes one sentence per line, without words that are too long to be learned: fastText takes hours for the
/// character n-grams of one of 50 MB. Returns the number of words. Throws if no word is frequent enough to be
/// learned.
std::int64_t write_corpus(const std::vector<std::string>& sentences, int min_count, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  std::unordered_map<std::string, int> counts;
  std::int64_t words = 0;
  int highest = 0;
  for (const std::string& sentence : sentences) {
    for (const std::string& word : tokenize(sentence)) {
      if (word.size() > kMaxWordBytes) continue;
      out << word << ' ';
      highest = std::max(highest, ++counts[word]);
      ++words;
    }
    out << '\n';
  }
  if (!out.flush()) throw Error(Fault::Unreadable, "the training corpus in memory", std::strerror(errno));
  if (highest < min_count)
    throw Error(Fault::Mismatch, "captions",
                fmt::format("no word occurs {} times in the {} captions, so no word vectors can be trained",
                            min_count, sentences.size()),
                "Give more captions, or word vectors of their language: --word-vectors FILE");
  return words;
}

/// fastText initialises vectors with length 0.06 and lengthens them in training. After 25 epochs over 60
/// captions they are still so short that all sentences look alike to the joint embedding, and nothing is
/// learned.
int epochs_for(std::int64_t words, const SkipgramOptions& options) {
  return std::max(options.epochs, static_cast<int>(options.min_words / words));
}

fasttext::Args arguments(const SkipgramOptions& options, std::int64_t words, const std::string& corpus) {
  fasttext::Args args;
  args.input = corpus;
  args.model = fasttext::model_name::sg;
  args.loss = fasttext::loss_name::ns;
  args.dim = options.dim;
  args.epoch = epochs_for(words, options);
  args.minCount = options.min_count;
  args.bucket = options.bucket;
  if (options.bucket == 0) args.maxn = 0;
  args.lr = options.lr;
  args.seed = options.seed;
  args.thread = 1;   // more threads race for the weights: runs would differ
  args.verbose = 0;  // no output by the library
  args.label = " ";  // no word starts with it: a caption may say "__label__"
  return args;
}

/// The vectors of the dictionary's words, [V, E], without the mark of a sentence's end.
Matrix vectors_of(const fasttext::FastText& model) {
  const auto dictionary = model.getDictionary();
  const std::int32_t end = dictionary->getId(fasttext::Dictionary::EOS);
  Matrix vectors(dictionary->nwords() - (end < 0 ? 0 : 1), model.getDimension());
  fasttext::Vector vector(model.getDimension());
  std::int64_t row = 0;
  for (std::int32_t word = 0; word < dictionary->nwords(); ++word) {
    if (word == end) continue;
    model.getWordVector(vector, dictionary->getWord(word));
    std::copy_n(vector.data(), vectors.cols(), vectors.row(row++));
  }
  return vectors;
}

/// 1 or -1, a function of the word and the column.
float sign_of(const std::string& word, int column) {
  std::uint64_t hash = static_cast<std::uint64_t>(column);
  for (const char byte : word) hash = splitmix64(hash * kSplitMix64Step + static_cast<unsigned char>(byte));
  return (hash >> 63) != 0 ? 1.0F : -1.0F;
}

/// Maps every row of the input matrix and appends the identity columns. A word's vector is the mean of its
/// own row and those of its subwords, so that mapping the rows maps the vectors of all words, known or not;
/// an identity is in a word's own row, as many times as there are rows in its mean.
void add_columns(fasttext::FastText& model, const SkipgramOptions& options) {
  const auto input = model.getInputMatrix();
  const auto dictionary = model.getDictionary();
  const std::int64_t dim = input->cols();
  auto mapped = std::make_shared<fasttext::DenseMatrix>(input->rows(), dim + options.identity_columns);
  mapped->zero();
  std::optional<Whitening> whitening;
  if (options.whiten) whitening = Whitening::of(vectors_of(model));
  for (std::int64_t row = 0; row < input->rows(); ++row) {
    const float* const from = input->data() + row * dim;
    float* const to = mapped->data() + row * mapped->cols();
    if (whitening) {
      whitening->apply(from, to);
    } else {
      std::copy_n(from, dim, to);
    }
  }
  for (std::int32_t word = 0; word < dictionary->nwords(); ++word) {
    const std::string text = dictionary->getWord(word);
    const auto rows = static_cast<float>(dictionary->getSubwords(word).size());
    for (int column = 0; column < options.identity_columns; ++column)
      mapped->at(word, dim + column) = rows * sign_of(text, column);
  }
  // Of use in training only; it must have as many columns.
  auto output = std::make_shared<fasttext::DenseMatrix>(dictionary->nwords(), mapped->cols());
  output->zero();
  model.setMatrices(mapped, output);
}

/// The library writes what there is room for, and does not say so: whoever writes on gets the reason.
void require_room(const std::string& written, const std::string& name) {
  const Descriptor file(::open(written.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  const std::string more(1 << 20, '\0');
  for (int i = 0; i < 2 && file; ++i)  // the first may still fit in part
    if (::write(file.get(), more.data(), more.size()) < 0)
      throw write_error(name, "cannot be written whole", errno);
}

void train(fasttext::FastText& model, const fasttext::Args& args, const Progress& progress) {
  bool stopped = false;
  try {
    model.train(args, [&](float done, float, double, double, std::int64_t) {
      const auto step = static_cast<std::int64_t>(done * static_cast<float>(kProgressSteps));
      if (stopped || !progress || progress({"word vectors", step, kProgressSteps})) return;
      stopped = true;
      model.abort();
    });
  } catch (const std::exception& failure) {
    if (stopped) throw Error(Fault::Interrupted, "word vectors", "training was stopped");
    throw Error(Fault::Mismatch, "word vectors",
                fmt::format("fastText cannot train on this: {}", failure.what()),
                "Try a smaller lr, or give a file of vectors");
  }
}

}  // namespace

void train_skipgram(const std::vector<std::string>& sentences, const SkipgramOptions& options,
                    const std::filesystem::path& path, const Progress& progress) {
  validate(options);
  const MemoryFile corpus;
  const std::int64_t words = write_corpus(sentences, options.min_count, corpus.path());
  fasttext::FastText model;
  train(model, arguments(options, words, corpus.path()), progress);
  if (options.whiten || options.identity_columns > 0) add_columns(model, options);
  AtomicFile file(path);
  try {
    model.saveModel(file.aside());
    (void)open_word_vectors(file.aside());  // the library does not detect a full disk
  } catch (const std::exception& failure) {
    require_room(file.aside(), path.string());
    throw Error(Fault::Unreadable, path.string(), fmt::format("cannot be written whole: {}", failure.what()));
  }
  file.commit();
}

}  // namespace tvr
