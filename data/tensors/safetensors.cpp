#include "data/tensors/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "data/choices.h"
#include "data/error.h"
#include "data/mapped_file.h"

namespace tvr {
namespace {

using nlohmann::json;

/// The format allows 100 MB. A header of ten thousand tensors has 1 MB, and parsed JSON needs 25 times the
/// memory of its text.
constexpr std::uint64_t kLongestHeader = 8'000'000;

[[noreturn]] void bad_header(const std::string& where, const std::string& what) {
  throw Error(Fault::Corrupt, where, "safetensors header: " + what,
              "The file is damaged or incomplete: download it again");
}

[[noreturn]] void bad_layout(const std::string& where, const std::string& name, const std::string& what) {
  throw Error(Fault::Corrupt, where, "safetensors layout: tensor '" + name + "' " + what,
              "The file is damaged or incomplete: download it again");
}

/// Header JSON has at most four levels: {name: {"shape": [...]}}. Duplicate keys are refused: readers would
/// disagree about the content.
json parse_header(std::string_view text, const std::string& where) {
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > 4) bad_header(where, "it is nested deeper than a header can be");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      bad_header(where, "the key '" + value.get<std::string>() + "' is there twice");
    }
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& problem) {
    bad_header(where, problem.what());
  }
}

constexpr Choices<DType, 10> kDTypes{{{"F16", DType::F16},
                                      {"BF16", DType::BF16},
                                      {"F32", DType::F32},
                                      {"F64", DType::F64},
                                      {"U8", DType::U8},
                                      {"I8", DType::I8},
                                      {"I16", DType::I16},
                                      {"I32", DType::I32},
                                      {"I64", DType::I64},
                                      {"BOOL", DType::Bool}}};

std::vector<std::int64_t> whole_numbers(const json& list, const std::string& where, const std::string& name) {
  if (!list.is_array()) bad_layout(where, name, "has no list of numbers where one is expected");
  if (list.size() > kMostDimensions) bad_layout(where, name, "has more than 64 dimensions");
  std::vector<std::int64_t> numbers;
  for (const json& item : list) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > INT64_MAX) {
      bad_layout(where, name, "has a size or offset that is not a whole number");
    }
    numbers.push_back(item.get<std::int64_t>());
  }
  return numbers;
}

struct Entry {
  std::string name;
  Tensor tensor;  // bytes not yet set
  std::int64_t begin, end;
};

Entry read_entry(const std::string& name, const json& value, const std::string& where) {
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets") || !value["dtype"].is_string()) {
    bad_layout(where, name, "has no dtype, shape or data_offsets");
  }
  const std::optional<DType> dtype = kDTypes.find(value["dtype"]);
  if (!dtype) bad_layout(where, name, "is of the unknown type " + value["dtype"].dump());
  Entry entry{name, {}, 0, 0};
  entry.tensor.dtype = *dtype;
  entry.tensor.shape = whole_numbers(value["shape"], where, name);
  const std::vector<std::int64_t> offsets = whole_numbers(value["data_offsets"], where, name);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) bad_layout(where, name, "has impossible data_offsets");
  entry.begin = offsets[0];
  entry.end = offsets[1];
  std::int64_t bytes = static_cast<std::int64_t>(size_of(*dtype));
  for (const std::int64_t size : entry.tensor.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) bad_layout(where, name, "has a shape that overflows");
  }
  if (bytes != entry.end - entry.begin) {
    bad_layout(where, name,
               "has " + std::to_string(bytes) + " bytes by its shape " + shape_text(entry.tensor.shape) +
                   " and " + std::to_string(entry.end - entry.begin) + " by its offsets");
  }
  return entry;
}

void check_metadata(const json& metadata, const std::string& where) {
  const bool strings =
      metadata.is_object() &&
      std::all_of(metadata.begin(), metadata.end(), [](const json& value) { return value.is_string(); });
  if (!strings) bad_header(where, "__metadata__ must map strings to strings");
}

}  // namespace

NamedTensors read_safetensors(const std::filesystem::path& path, const WantedTensor& wanted) {
  const MappedFile file(path);
  const std::string where = path.string();
  std::string_view bytes = file.bytes();
  std::uint64_t header_bytes = 0;
  if (bytes.size() < sizeof(header_bytes))
    bad_header(where, "the file is shorter than the header's length field");
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  bytes.remove_prefix(sizeof(header_bytes));
  if (header_bytes > kLongestHeader)
    bad_header(where, "it claims " + std::to_string(header_bytes) + " bytes, more than 8 MB");
  if (header_bytes > bytes.size()) bad_header(where, "it claims to be longer than the file");
  const std::string_view header = bytes.substr(0, header_bytes);
  if (header.empty() || header[0] != '{') bad_header(where, "it must begin with {");
  const std::string_view data = bytes.substr(header_bytes);

  std::vector<Entry> entries;
  const json root = parse_header(header, where);
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__")
      check_metadata(value, where);
    else
      entries.push_back(read_entry(name, value, where));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  NamedTensors tensors;
  std::int64_t expected = 0;
  for (Entry& entry : entries) {
    if (entry.begin != expected) bad_layout(where, entry.name, "overlaps another or leaves a hole before it");
    if (static_cast<std::uint64_t>(entry.end) > data.size())
      bad_layout(where, entry.name, "lies beyond the end of the file");
    expected = entry.end;
    if (wanted && !wanted(entry.name)) continue;
    const auto* begin = reinterpret_cast<const std::byte*>(data.data());
    entry.tensor.bytes.assign(begin + entry.begin, begin + entry.end);
    tensors.emplace_back(std::move(entry.name), std::move(entry.tensor));
  }
  if (static_cast<std::uint64_t>(expected) != data.size()) {
    bad_header(where, "bytes at the end of the file belong to no tensor");
  }
  file.require_unchanged();
  return tensors;
}

}  // namespace tvr
