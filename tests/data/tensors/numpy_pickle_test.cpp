#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/tensors/pickle.h"
#include "tests/data/tensors/numpy_pickles.h"
#include "tests/support/base64.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/pth_bytes.h"
#include "tests/support/sanitizers.h"
#include "tests/support/shared_data.h"

namespace tvr {
namespace {

using namespace std::string_literals;
using nlohmann::json;
using testing::expect_error;
using Kind = Pickle::Kind;

json from_latin1(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) text += static_cast<char>(0xC0U | byte >> 6U);
    text += static_cast<char>(byte >= 0x80 ? 0x80U | (byte & 0x3FU) : byte);
  }
  return text;
}

json of_number(double value) { return std::isnan(value) ? json() : json(value); }

/// Lists within lists for `shape`; takes the elements from `next` in row-major order.
template <class Next>
json nested(const std::vector<std::int64_t>& shape, std::size_t axis, const Next& next) {
  if (axis == shape.size()) return next();
  json list = json::array();
  for (std::int64_t i = 0; i < shape[axis]; ++i) list.push_back(nested(shape, axis + 1, next));
  return list;
}

/// The value as JSON: arrays as lists, NaN as null, bytes as Latin-1.
json content(const Pickle& pickle, const Pickle::Value& value) {
  switch (value.kind) {
    case Kind::Bool:
      return value.integer != 0;
    case Kind::Int:
      return value.integer;
    case Kind::Float:
      return of_number(*Pickle::number(value));
    case Kind::String:
      return std::string(value.text);
    case Kind::Bytes:
      return from_latin1(value.text);
    case Kind::Tuple:
    case Kind::List: {
      json list = json::array();
      for (const Pickle::Id item : value.items) list.push_back(content(pickle, pickle[item]));
      return list;
    }
    case Kind::Dict: {
      json object = json::object();
      for (std::size_t i = 0; i < value.items.size(); i += 2)
        object[std::string(pickle[value.items[i]].text)] = content(pickle, pickle[value.items[i + 1]]);
      return object;
    }
    case Kind::Array: {
      const NumpyArray& array = Pickle::array(value);
      std::size_t next = 0;
      if (const auto numbers = pickle.numbers(value); numbers && value.items.empty()) {
        const bool whole = array.type.dtype != DType::F16 && array.type.dtype != DType::F32 &&
                           array.type.dtype != DType::F64;
        return nested(array.shape, 0, [&]() -> json {
          const double number = (*numbers)[next++];
          if (array.type.dtype == DType::Bool) return number != 0;
          return whole ? json(static_cast<std::int64_t>(number)) : of_number(number);
        });
      }
      return nested(array.shape, 0, [&] { return content(pickle, pickle[value.items[next++]]); });
    }
    default:
      return nullptr;
  }
}

json content_of(const std::string& bytes) {
  const Pickle pickle(bytes, "a.pkl");
  EXPECT_EQ(pickle.size(), bytes.size());
  return content(pickle, pickle[pickle.root()]);
}

TEST(NumpyPickle, ValuesOfEveryProtocolAreThoseThatWereWritten) {
  for (const testing::NumpyPickle& each : testing::kNumpyPickles) {
    SCOPED_TRACE(std::string(each.name) + ", protocol " + std::to_string(each.protocol));
    EXPECT_EQ(content_of(testing::from_base64(each.base64)), json::parse(each.json));
  }
}

TEST(NumpyPickle, GoldenFilesAreReadExactly) {
  TVR_NEEDS_SHARED("golden/pickles.json");
  std::ifstream file(testing::shared_data("golden/pickles.json"));
  const json golden = json::parse(file);
  ASSERT_FALSE(golden["pickles"].empty());
  for (const json& each : golden["pickles"]) {
    SCOPED_TRACE(each["name"].get<std::string>() + ", protocol " + each["protocol"].dump());
    EXPECT_EQ(content_of(testing::from_base64(each["base64"].get<std::string>())), each["content"]);
  }
}

TEST(NumpyPickle, ARealFileOfThousandsOfArraysIsReadWithoutACopy) {
  TVR_NEEDS_SHARED("corpus/crosstask/crosstask_act_lang_emb.pkl");
  std::ifstream file(testing::shared_data("corpus/crosstask/crosstask_act_lang_emb.pkl"), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const Pickle pickle(bytes, "a.pkl");
  const Pickle::Value& root = pickle[pickle.root()];
  ASSERT_EQ(root.kind, Kind::Dict);
  ASSERT_FALSE(root.items.empty());
  for (std::size_t i = 1; i < root.items.size(); i += 2) {
    const NumpyArray& array = Pickle::array(pickle[root.items[i]]);
    ASSERT_EQ(array.shape, std::vector<std::int64_t>{512});
    EXPECT_GE(array.data.data(), bytes.data());
    EXPECT_LE(array.data.data() + array.data.size(), bytes.data() + bytes.size());
  }
}

const testing::NumpyPickle& fixture(std::string_view name, int protocol) {
  for (const testing::NumpyPickle& each : testing::kNumpyPickles)
    if (each.name == name && each.protocol == protocol) return each;
  throw std::logic_error("no such fixture");
}

TEST(NumpyPickle, ColumnsAreNumbersAndTextsWhateverHoldsThem) {
  for (const char* name : {"lists", "arrays of objects"}) {
    const std::string bytes = testing::from_base64(fixture(name, 4).base64);
    const Pickle pickle(bytes, "a.pkl");
    const Pickle::Value& video = pickle[pickle[pickle.root()].items[1]];
    const auto start = pickle.numbers(*pickle.get(video, "start"));
    ASSERT_TRUE(start.has_value());
    EXPECT_EQ(start->at(0), 0.5);
    const auto text = pickle.texts(*pickle.get(video, "text"));
    ASSERT_TRUE(text.has_value());
    ASSERT_EQ(text->size(), 3U);
    EXPECT_EQ(text->at(1), "") << "None and NaN are no text";
    EXPECT_FALSE(pickle.numbers(*pickle.get(video, "text")).has_value());
    EXPECT_FALSE(pickle.texts(*pickle.get(video, "start")).has_value());
    EXPECT_FALSE(pickle.numbers(video).has_value());
    EXPECT_FALSE(Pickle::tensor(video).has_value());
  }
}

TEST(NumpyPickle, TensorsAreRowMajorAndLittleEndian) {
  const std::string bytes = testing::from_base64(fixture("numbers, column-major", 4).base64);
  const Pickle pickle(bytes, "a.pkl");
  const auto tensor = Pickle::tensor(pickle[pickle.root()]);
  ASSERT_TRUE(tensor.has_value());
  EXPECT_EQ(tensor->dtype, DType::I16);
  EXPECT_EQ(tensor->shape, (std::vector<std::int64_t>{2, 3, 4}));
  for (int i = 0; i < 24; ++i) EXPECT_EQ(tensor->to_floats()[static_cast<std::size_t>(i)], i);
}

void expect_refused(const std::string& opcodes, Fault fault, const std::string& phrase) {
  SCOPED_TRACE(phrase);
  expect_error([&] { const Pickle pickle(opcodes, "a.pkl"); }, fault, phrase);
}

TEST(NumpyPickle, WhatItHoldsBesidesPlainValuesIsRefusedByName) {
  const auto unsupported = [](const std::string& opcodes, const std::string& phrase) {
    expect_refused(opcodes, Fault::Unsupported, phrase);
  };
  unsupported("\x80\x02"s + "cpandas.core.frame\nDataFrame\n.", "'pandas.core.frame.DataFrame'");
  unsupported("\x80\x02"s + "cdatetime\ndatetime\n.", "'datetime.datetime'");
  unsupported("\x80\x02"s + "c__builtin__\nset\n.", "'__builtin__.set'");
  unsupported("\x80\x02"s + "c__builtin__\neval\n.", "'__builtin__.eval'");
  unsupported("\x80\x02"s + "cbuiltins\nbytes\n.", "'builtins.bytes'");
  unsupported("\x80\x02"s + "cnumpy.core.multiarray\nfromfile\n.", "'numpy.core.multiarray.fromfile'");
  unsupported("\x80\x02"s + "cnumpy._core.multiarray\nload\n.", "'numpy._core.multiarray.load'");
  unsupported("\x80\x02"s + "c_codecs\ndecode\n.", "'_codecs.decode'");
  unsupported("\x80\x04\x8f.", "a set (EMPTY_SET)");
  unsupported("\x80\x04(\x91.", "a set (FROZENSET)");
  unsupported("\x80\x05\x97.", "NEXT_BUFFER");
  unsupported("\x80\x05N\x98.", "READONLY_BUFFER");
  unsupported("\x80\x02)\x81.", "an object of a class");
  unsupported("(iposix\nsystem\n.", "an object of a class");
}

const std::string kDtype = "cnumpy\ndtype\n(X\x02\0\0\0f4\x89\x88tR"s;
std::string dtype_of(const std::string& code) {
  return "cnumpy\ndtype\n(X" + testing::little_endian(code.size(), 4) + code + "\x89\x88tR";
}
const std::string kState = "(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s;
const std::string kArray =
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85"
    "C\x01"
    "btR"s;

TEST(NumpyPickle, ArraysThatAreMalformedAreRefused) {
  const auto malformed = [](const std::string& opcodes, const std::string& phrase) {
    expect_refused("\x80\x05" + opcodes + ".", Fault::Corrupt, phrase);
  };
  const auto array = [](const std::string& shape, const std::string& data) {
    return kArray + "(K\x01" + shape + kDtype + kState + "\x89" + data + "tb";
  };
  EXPECT_EQ(content_of("\x80\x05" + array("K\x01\x85", "C\x04\0\0\x80?"s) + "."), json::parse("[1.0]"));
  malformed(array("K\x02\x85",
                  "C\x04"
                  "1234"),
            "an array of shape [2] with items of 4 bytes in 4 bytes");
  malformed(array("J\xff\xff\xff\xff\x85", "C\0"s), "shape [-1]");
  malformed(array("J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87", "C\0"s), "in 0 bytes");
  malformed(array("K\x01",
                  "C\x04"
                  "1234"),
            "an array whose shape is no tuple");
  malformed(array("N\x85",
                  "C\x04"
                  "1234"),
            "an array whose shape is not of whole numbers");
  malformed(array("(" + std::string(65, 'N') + "t", "C\0"s), "an array of more than 64 dimensions");
  malformed(array("K\x01\x85",
                  "](K\x01"
                  "e"),
            "an array without bytes");
  malformed(kArray +
                "(K\x01K\x01\x85N\x89"
                "C\0tb"s,
            "without numpy.dtype");
  malformed(kArray + "(K\x02K\x01\x85" + kDtype + "\x89" + "C\0tb"s, "the state of an array");
  malformed(kArray + "Nb", "the state of an array");
  malformed(kArray + "(K\x01K\x02\x85" + dtype_of("O8") +
                "\x89](K\x01"
                "etb",
            "an array of shape [2]");
  malformed(kArray + "(K\x01K\x01\x85" + dtype_of("O8") +
                "\x89"
                "C\x08"
                "12345678tb",
            "without a list");
  malformed("cnumpy.core.multiarray\n_reconstruct\n(U\x0dnumpy.ndarraytR", "not a numpy.ndarray");
  malformed(kDtype + "(K\x03U\x01?NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s,
            "a numpy.dtype of another type");
  malformed(kDtype + "(K\x03U\x01<NNNK\x08J\xff\xff\xff\xffK\0tb"s, "a numpy.dtype of another type");
  malformed(kDtype + "Nb", "the state of a numpy.dtype");
  malformed("cnumpy\ndtype\n)R", "without code");
  malformed("cnumpy.core.multiarray\nscalar\n" + kDtype +
                "C\x03"
                "123\x86R",
            "a numpy scalar of 3 bytes");
  malformed(
      "cnumpy.core.multiarray\nscalar\nNC\x03"
      "123\x86R",
      "without numpy.dtype");
  malformed("cnumpy.core.multiarray\nscalar\n" + dtype_of("U1") + "C\x04\xff\xff\xff\xff\x86R",
            "badly encoded");
  malformed("c_codecs\nencode\nX\x03\0\0\0\xe2\x82\xacU\x06latin1\x86R"s, "badly encoded");
  malformed("c_codecs\nencode\nX\x01\0\0\0aU\x05utf-8\x86R"s, "to latin1");
  malformed("c__builtin__\nbytes\nK\x05\x85R", "bytes made of something");
  malformed(
      "cnumpy.core.numeric\n_frombuffer\n(C\x04"
      "1234" +
          kDtype +
          "K\x02\x85U\x01"
          "CtR",
      "shape [2]");
  malformed(
      "cnumpy.core.numeric\n_frombuffer\n(C\x08"
      "12345678" +
          dtype_of("O8") +
          "K\x01\x85U\x01"
          "CtR",
      "objects that are bytes");

  const auto unsupported = [](const std::string& opcodes, const std::string& phrase) {
    expect_refused("\x80\x05" + opcodes + ".", Fault::Unsupported, phrase);
  };
  unsupported(array("K\x01\x85",
                    "U\x04"
                    "1234"),
              "as Python 2 writes them");
  for (const char* code : {"M8", "m8", "V8", "c8", "u4", "g16", "U", "U-1", "Ux", "S99999999999", ""})
    unsupported(dtype_of(code), "numpy values of type '" + std::string(code) + "'");
  unsupported(kDtype +
                  "(K\x03U\x01<N(U\x01"
                  "atNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s,
              "several fields");
  unsupported(kDtype + "(K\x04U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0Ntb"s, "has version 4");
  unsupported(
      "cnumpy.core.numeric\n_frombuffer\n(C\x04"
      "1234" +
          kDtype + "K\x01\x85U\x01KtR",
      "order 'K'");
}

TEST(NumpyPickle, LinesOfProtocol0ThatAreMalformedAreRefused) {
  const auto malformed = [](const std::string& opcodes, const std::string& phrase) {
    expect_refused(opcodes, Fault::Corrupt, phrase);
  };
  malformed("I12x\n.", "'12x' is not a number");
  malformed("I\n.", "'' is not a number");
  malformed("L-L\n.", "'-' is not a number");
  malformed("F1,5\n.", "'1,5' is not a number");
  malformed("Va\\u12\n.", "badly encoded");
  malformed("Va\\U00110000\n.", "badly encoded");
  malformed("Va\\\n.", "badly encoded");
  malformed("Sabc\n.", "badly encoded");
  malformed("S'a\\xg0'\n.", "badly encoded");
  malformed("g5\n.", "memo slot 5 was never set");
  malformed("Np-1\n.", "'-1' is not a number");
  malformed("I5", "truncated");
  expect_refused("Np99999999\n.", Fault::Limit, "memo index 99999999");
  EXPECT_EQ(
      content_of(
          "(lp0\nI01\naI00\naI5\naL7L\naFnan\naF1e3\naVa\\u00e9\\b\\U0001f600\xe9\naS'\\x41\\n\\''\na."),
      json::parse(R"([true, false, 5, 7, null, 1000.0, "aé\\b😀é", "A\n'"])"));
  const Pickle huge("L123456789012345678901L\n.", "a.pkl");
  EXPECT_EQ(huge[huge.root()].kind, Kind::BigInt);
}

TEST(NumpyPickle, AnArrayMayHoldItself) {
  const std::string bytes = "\x80\x05" + kArray + "q\x01(K\x01K\x01\x85" + dtype_of("O8") +
                            "\x89](h\x01"
                            "etb.";
  const Pickle pickle(bytes, "a.pkl");
  EXPECT_EQ(pickle[pickle.root()].items, std::vector<Pickle::Id>{pickle.root()});
}

std::string repeated(const std::string& opcodes, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += opcodes;
  return all;
}

/// Each of these would grow without bound, or last for hours, for a reader that believes it.
TEST(NumpyPickle, BombsEndAtTheirLimitInLittleMemory) {
  const std::string megabyte = testing::little_endian(1'000'000, 4);
  const std::string wide = dtype_of("S1000000") +
                           "q\x01"
                           "0B" +
                           megabyte + std::string(1'000'000, '\0') +
                           "q\x02"
                           "0"
                           "cnumpy.core.multiarray\nscalar\nq\x03"
                           "0h\x01h\x02\x86q\x04"
                           "0";
  const std::string latin = "X" + megabyte + repeated("\xc3\xa9", 500'000) +
                            "U\x06latin1\x86q\x04"
                            "0c_codecs\nencode\nq\x03"
                            "0";
  struct Bomb {
    const char* name;
    std::string opcodes;
  };
  const Bomb bombs[] = {
      {"a billion empty texts", kArray + "(K\x01J\0\0\0\x40\x85"s + dtype_of("S0") +
                                    "\x89"
                                    "C\0tb."s},
      {"the same wide scalar again and again", wide + repeated("h\x03h\x04R0", 200'000) + "."},
      {"the same bytes decoded again and again", latin + repeated("h\x03h\x04R0", 200'000) + "."},
  };
  for (const Bomb& bomb : bombs) {
    SCOPED_TRACE(bomb.name);
    const auto report = testing::in_child([&]() -> std::string {
      try {
        const Pickle pickle("\x80\x02" + bomb.opcodes, "a.pkl");
        return "read";
      } catch (const Error& error) {
        return name(error.fault());
      }
    });
    EXPECT_EQ(report.text, "limit");
    EXPECT_LT(report.growth_mib, testing::kThreadSanitized ? 1500 : testing::kSanitized ? 900 : 300);
    EXPECT_LT(report.cpu_s, testing::kSanitized ? 60 : 10);  // one that is believed takes minutes
  }
}

}  // namespace
}  // namespace tvr
