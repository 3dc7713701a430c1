#include "data/tensors/zip.h"

#include <gtest/gtest.h>

#include "data/mapped_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/python.h"
#include "tests/support/temp_folder.h"
#include "tests/support/zip_bytes.h"

namespace tvr {
namespace {

using testing::archive_of;
using testing::CraftedRecord;
using testing::end_of;
using testing::expect_error;
using testing::little_endian;
using testing::TempFolder;

void expect_refused(const std::string& archive, Fault fault, const std::string& phrase) {
  SCOPED_TRACE(phrase);
  expect_error(
      [&] {
        const ZipReader zip(archive, "w.pth");
        for (const auto& record : zip.records()) zip.check(record);
      },
      fault, phrase);
}

TEST(Zip, HasTheChecksumOfTheStandard) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U) << "the check value of CRC-32/ISO-HDLC";
  EXPECT_EQ(crc32(""), 0U);
}

TEST(Zip, ReadsStoredRecords) {
  CraftedRecord second;
  second.name = second.local_name = "a/b";
  second.bytes = "xyz", second.size = 3, second.crc = 0;  // not computed
  second.offset = CraftedRecord().local().size();
  const std::string archive = archive_of({{}, second});
  const ZipReader zip(archive, "w.pth");
  ASSERT_EQ(zip.records().size(), 2U);
  EXPECT_EQ(zip.find("a/data.pkl")->bytes, "hello");
  EXPECT_EQ(zip.find("a/b")->bytes, "xyz");
  EXPECT_EQ(zip.find("a"), nullptr);
  for (const auto& record : zip.records()) EXPECT_NO_THROW(zip.check(record));
}

TEST(Zip, Reads64BitNumbers) {
  CraftedRecord record;
  record.zip64 = true;
  const std::string local = record.local(), central = record.central();
  const std::string end64 = "PK\x06\x06" + little_endian(44, 8) + little_endian(45, 2) +
                            little_endian(45, 2) + little_endian(0, 8) + little_endian(1, 8) +
                            little_endian(1, 8) + little_endian(central.size(), 8) +
                            little_endian(local.size(), 8);
  const std::string locator = "PK\x06\x07" + little_endian(0, 4) +
                              little_endian(local.size() + central.size(), 8) + little_endian(1, 4);
  const std::string archive = local + central + end64 + locator + end_of(0xffff, 0xffffffff, 0xffffffff);
  const ZipReader zip(archive, "w.pth");
  ASSERT_EQ(zip.records().size(), 1U);
  EXPECT_EQ(zip.records()[0].bytes, "hello");
}

TEST(Zip, RefusesWhatLies) {
  const auto refused = [](const CraftedRecord& record, Fault fault, const std::string& phrase) {
    expect_refused(archive_of({record}), fault, phrase);
  };
  CraftedRecord record;
  record.method = 8;
  refused(record, Fault::Unsupported, "'a/data.pkl' is compressed");
  record = {};
  record.size = 0xfffffff0;
  refused(record, Fault::Corrupt, "'a/data.pkl' claims 4294967280 bytes");
  record = {};
  record.size = 20;
  refused(record, Fault::Corrupt, "claims 20 bytes");
  record = {};
  record.zip64 = true, record.size = ~std::uint64_t{0} - 40;
  refused(record, Fault::Corrupt, "claims 18446744073709551575 bytes");
  record = {};
  record.offset = 1'000'000;
  refused(record, Fault::Corrupt, "past the end of the file");
  record = {};
  record.offset = 1;
  refused(record, Fault::Corrupt, "no local header");
  record = {};
  record.local_name = "a/other_pk";
  refused(record, Fault::Corrupt, "another name in its local header");
  record = {};
  record.crc = 1;
  refused(record, Fault::Corrupt, "'a/data.pkl' does not match its checksum");
}

TEST(Zip, RefusesTwoRecordsOfOneNameOrPlace) {
  CraftedRecord second;
  second.offset = second.local().size();
  expect_refused(archive_of({{}, second}), Fault::Corrupt, "'a/data.pkl' is there twice");
  // The second record's local header lies in the first one's bytes.
  CraftedRecord inner, outer;
  inner.name = inner.local_name = "a/inner";
  outer.bytes = inner.local();
  outer.size = outer.bytes.size(), outer.crc = 0;
  inner.offset = outer.local().size() - outer.bytes.size();
  const std::string centrals = outer.central() + inner.central();
  expect_refused(outer.local() + centrals + end_of(2, centrals.size(), outer.local().size()), Fault::Corrupt,
                 "two records overlap");
}

TEST(Zip, EveryCutIsRefused) {
  const std::string archive = archive_of({{}});
  for (std::size_t size = 0; size < archive.size(); ++size) {
    SCOPED_TRACE(size);
    testing::expect_error([&] { const ZipReader cut(archive.substr(0, size), "w.pth"); }, Fault::Corrupt,
                          "w.pth: zip: ");
  }
}

void write_zip(const std::filesystem::path& path,
               const std::vector<std::pair<std::string, std::string>>& records) {
  AtomicFile file(path);
  ZipWriter zip(file);
  for (const auto& [name, bytes] : records) zip.add(name, bytes);
  zip.finish();
  file.commit();
}

TEST(Zip, WritesAlignedRecordsThatItReads) {
  const TempFolder folder;
  write_zip(folder / "w.zip",
            {{"a/data.pkl", "pickle"}, {"a/data/0", ""}, {"a/data/1", std::string(1000, 'x')}});
  const MappedFile file(folder / "w.zip");
  const ZipReader zip(file.bytes(), "w.zip");
  ASSERT_EQ(zip.records().size(), 3U);
  for (const auto& record : zip.records()) {
    EXPECT_NO_THROW(zip.check(record));
    EXPECT_EQ((record.bytes.data() - file.bytes().data()) % 64, 0) << record.name;
  }
  EXPECT_EQ(zip.find("a/data/1")->bytes, std::string(1000, 'x'));
}

TEST(ZipParity, PythonsZipfileFindsNoFaultWithOurs) {
  TVR_NEEDS_PYTHON("zipfile");
  const TempFolder folder;
  write_zip(folder / "w.zip", {{"a/data.pkl", "pickle"}, {"a/data/0", std::string(70'000, 'x')}});
  int status = 0;
  const std::string output = testing::run_python(R"(
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1] + '/w.zip')
assert z.testzip() is None
assert z.namelist() == ['a/data.pkl', 'a/data/0'] and z.read('a/data/0') == b'x' * 70000
)",
                                                 "'" + folder.path().string() + "'", status);
  EXPECT_EQ(status, 0) << output;
}

}  // namespace
}  // namespace tvr
