#include "data/tensors/npy.h"

#include <charconv>
#include <cstring>
#include <optional>

#include "data/atomic_file.h"
#include "data/error.h"
#include "data/mapped_file.h"

namespace tvr {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

struct Descr {
  const char* text;
  DType dtype;
};
constexpr Descr kDescrs[] = {{"<f2", DType::F16}, {"<f4", DType::F32}, {"<f8", DType::F64},
                             {"|u1", DType::U8},  {"|i1", DType::I8},  {"<i2", DType::I16},
                             {"<i4", DType::I32}, {"<i8", DType::I64}, {"|b1", DType::Bool}};

/// Parses the header's Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } and nothing
/// else.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  void parse(Tensor& tensor, bool& fortran_order) {
    expect('{');
    bool seen[3] = {false, false, false};
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !seen[0])
        seen[0] = true, tensor.dtype = dtype();
      else if (key == "fortran_order" && !seen[1])
        seen[1] = true, fortran_order = boolean();
      else if (key == "shape" && !seen[2])
        seen[2] = true, tensor.shape = shape();
      else
        fail("an unknown or repeated key");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (at_ != text_.size() || !seen[0] || !seen[1] || !seen[2])
      fail("not the dictionary of descr, fortran_order, shape");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Fault::Corrupt, where_, "npy header: " + what, "Write the array again with numpy.save");
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char wanted) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail(std::string("expected '") + wanted + "' at column " + std::to_string(at_));
  }
  std::string_view quoted() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail("a string without end");
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end + 1;
    return word;
  }
  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return value;
    }
    fail("fortran_order must be True or False");
  }
  DType dtype() {
    const std::string_view descr = quoted();
    for (const Descr& known : kDescrs) {
      if (descr == known.text) return known.dtype;
    }
    if (!descr.empty() && descr.find('O') != std::string_view::npos) {
      throw Error(Fault::Unsupported, where_, "npy: the array holds pickled objects",
                  "Only numbers are read, code in a file is never executed: save a plain array");
    }
    throw Error(Fault::Unsupported, where_, "npy: arrays of type '" + std::string(descr) + "' are not read",
                "Convert it to float32 or float16, little-endian");
  }
  std::vector<std::int64_t> shape() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::int64_t size = -1;
      const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (problem != std::errc{} || size < 0) fail("a size that is not a whole number");
      at_ = static_cast<std::size_t>(end - text_.data());
      sizes.push_back(size);
      if (sizes.size() > kMostDimensions) fail("more than 64 dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
};

}  // namespace

Tensor read_npy(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string where = path.string();
  const std::string_view bytes = file.bytes();
  const auto bad = [&](const std::string& what) {
    return Error(Fault::Corrupt, where, "npy header: " + what,
                 "The file is damaged or incomplete: download it again");
  };
  if (bytes.substr(0, kMagic.size()) != kMagic || bytes.size() < 12)
    throw bad("it was not written by numpy.save");
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(bytes[i])}; };
  const std::size_t version = byte(6), length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3) throw bad("version " + std::to_string(version) + " is not known");
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) length |= byte(8 + i) << (8 * i);
  const std::size_t start = 8 + length_bytes + length;
  if (start > bytes.size()) throw bad("it is longer than the file");

  Tensor tensor;
  bool fortran_order = false;
  HeaderParser(bytes.substr(8 + length_bytes, length), where).parse(tensor, fortran_order);
  std::int64_t wanted = static_cast<std::int64_t>(size_of(tensor.dtype));
  for (const std::int64_t size : tensor.shape) {
    if (__builtin_mul_overflow(wanted, size, &wanted))
      throw bad("the shape " + shape_text(tensor.shape) + " overflows");
  }
  if (static_cast<std::uint64_t>(wanted) != bytes.size() - start) {
    throw bad("the shape " + shape_text(tensor.shape) + " needs " + std::to_string(wanted) +
              " bytes, the file has " + std::to_string(bytes.size() - start));
  }
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data() + start);
  if (fortran_order && tensor.shape.size() > 1)
    tensor.bytes = from_column_major(tensor.shape, size_of(tensor.dtype), data);
  else
    tensor.bytes.assign(data, data + wanted);
  file.require_unchanged();
  NamedTensors named;
  named.emplace_back("array", std::move(tensor));
  require_finite(named, where);
  return std::move(named.front().second);
}

NpyWriter::NpyWriter(const std::filesystem::path& path, DType dtype, const std::vector<std::int64_t>& shape)
    : path_(path.string()), file_(path), left_(size_of(dtype)) {
  std::string header;
  for (const Descr& known : kDescrs) {
    if (known.dtype == dtype)
      header = std::string("{'descr': '") + known.text + "', 'fortran_order': False, 'shape': (";
  }
  if (header.empty()) throw Error(Fault::Unsupported, path_, "numpy has no " + std::string(name(dtype)));
  for (const std::int64_t size : shape) {
    header += std::to_string(size) + ", ";
    if (__builtin_mul_overflow(left_, static_cast<std::uint64_t>(size), &left_))
      throw Error(Fault::InvalidArgument, path_, "the shape " + shape_text(shape) + " overflows");
  }
  if (shape.size() > 1) header.resize(header.size() - 2);
  header += "), }";
  constexpr std::size_t kAlignment = 64, kFixed = 10;
  header.append(kAlignment - (kFixed + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  file_.write(kMagic);
  file_.write(std::string_view("\x01\x00", 2));
  const char length[2] = {static_cast<char>(header.size() & 0xFFU), static_cast<char>(header.size() >> 8U)};
  file_.write({length, 2});
  file_.write(header);
}

void NpyWriter::write(const void* bytes, std::size_t count) {
  if (count > left_) throw Error(Fault::Mismatch, path_, "more values than the array has");
  file_.write(bytes, count);
  left_ -= count;
}

void NpyWriter::commit() {
  if (left_ > 0) throw Error(Fault::Mismatch, path_, "fewer values than the array has");
  file_.commit();
}

void write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  NpyWriter writer(path, tensor.dtype, tensor.shape);
  writer.write(tensor.bytes.data(), tensor.bytes.size());
  writer.commit();
}

}  // namespace tvr
