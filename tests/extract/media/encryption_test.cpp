#include "extract/media/encryption.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tvr {
namespace {

ReadAt from(const std::string& bytes) {
  return [&bytes](std::int64_t offset, std::size_t count) {
    const auto begin = std::min(static_cast<std::size_t>(offset), bytes.size());
    return bytes.substr(begin, count);
  };
}

std::string big_endian(std::size_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string box(const std::string& type, const std::string& content) {
  return big_endian(8 + content.size()) + type + content;
}

/// A track with one sample entry of this type; `protection`: boxes in it.
std::string track(int id, const std::string& type, const std::string& protection = "") {
  const std::string entry = box(type, std::string(78, '\0') + box("avcC", "x") + protection);
  return box("trak", box("tkhd", std::string(12, '\0') + big_endian(static_cast<std::size_t>(id))) +
                         box("mdia", box("minf", box("stbl", box("stsd", std::string(8, '\0') + entry)))));
}

std::string scheme(const std::string& name) {
  return box("sinf", box("frma", "avc1") + box("schm", std::string(4, '\0') + name + std::string(4, '\0')));
}

std::string movie(const std::string& tracks) {
  return box("ftyp", "isom") + box("mdat", std::string(100, 'x')) + box("moov", box("mvhd", "h") + tracks);
}

TEST(Encryption, OfAnMp4IsStatedByTheSampleEntryOfItsTrack) {
  const auto encrypted = [](const std::string& file, int id) { return is_encrypted_mp4(from(file), id); };
  EXPECT_FALSE(encrypted(movie(track(1, "avc1")), 1));
  EXPECT_FALSE(encrypted(movie(track(1, "avc1", scheme("odkm"))), 1));
  for (const char* type : {"encv", "drmi"}) EXPECT_TRUE(encrypted(movie(track(1, type)), 1)) << type;
  for (const char* name : {"cenc", "cens", "cbc1", "cbcs"})
    EXPECT_TRUE(encrypted(movie(track(1, "avc1", scheme(name))), 1)) << name;
  const std::string both = movie(track(1, "encv") + track(2, "avc1"));
  EXPECT_TRUE(encrypted(both, 1));
  EXPECT_FALSE(encrypted(both, 2));
}

TEST(Encryption, OfAnMp4IsFoundWhateverTheSizesOfBoxesSay) {
  std::string file = movie(track(1, "encv"));
  const std::size_t moov = file.find("moov") - 4;
  std::string open_end = file;
  open_end.replace(moov, 4, big_endian(0));
  EXPECT_TRUE(is_encrypted_mp4(from(open_end), 1)) << "to the end of the file";
  std::string large = file;
  large.replace(moov, 8, big_endian(1) + "moov" + big_endian(0) + big_endian(file.size() - moov + 8));
  EXPECT_TRUE(is_encrypted_mp4(from(large), 1)) << "64 bits";
  std::string beyond = file;
  beyond.replace(moov, 4, big_endian(0xffffffff));
  EXPECT_TRUE(is_encrypted_mp4(from(beyond), 1)) << "more than there is";
  for (std::size_t bytes = 0; bytes < file.size(); ++bytes)
    (void)is_encrypted_mp4(from(file.substr(0, bytes)), 1);
  std::string negative = file;
  negative.replace(moov, 8, big_endian(1) + "moov" + big_endian(0xffffffff) + big_endian(0xffffffff));
  EXPECT_FALSE(is_encrypted_mp4(from(negative), 2));
  EXPECT_FALSE(is_encrypted_mp4(from(std::string(1 << 21, '\0')), 1)) << "no boxes";
}

std::string little_endian(std::uint64_t number) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string object(const std::string& guid, const std::string& content) {
  return guid + little_endian(24 + content.size()) + content;
}

const std::string kHeader("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", 16);
const std::string kExtension("\xb5\x03\xbf\x5f\x2e\xa9\xcf\x11\x8e\xe3\x00\xc0\x0c\x20\x53\x65", 16);
const std::string kContent("\xfb\xb3\x11\x22\x23\xbd\xd2\x11\xb4\xb7\x00\xa0\xc9\x55\xfc\x6e", 16);
const std::string kAdvanced("\x33\x85\x05\x43\x81\x69\xe6\x49\x9b\x74\xad\x12\xcb\x86\xd5\x8c", 16);
const std::string kOther(16, 'o');

TEST(Encryption, OfAnAsfIsStatedByAnObjectOfItsHeaderOrOfTheExtension) {
  const auto encrypted = [](const std::string& objects) {
    const std::string file = object(kHeader, std::string(6, '\0') + objects) + object(kContent, "beyond it");
    return is_encrypted_asf(from(file));
  };
  const auto extension = [](const std::string& objects) {
    return object(kExtension, std::string(22, '\0') + objects);
  };
  EXPECT_FALSE(encrypted(object(kOther, "names " + kContent)));
  EXPECT_TRUE(encrypted(object(kOther, "x") + object(kContent, "licence")));
  EXPECT_TRUE(encrypted(extension(object(kOther, "x") + object(kAdvanced, "systems")) + object(kOther, "x")));
  EXPECT_FALSE(encrypted(extension(object(kOther, "x"))));
  EXPECT_FALSE(encrypted(kOther + little_endian(5) + object(kContent, "after an impossible size")));
  EXPECT_FALSE(is_encrypted_asf(from(kHeader)));
}

/// Packets of which every `kind`th of PID 256 is scrambled; as many of PID 17 are not.
std::string transport(std::size_t size, std::size_t sync, int packets, int kind) {
  std::string file;
  for (int i = 0; i < 2 * packets; ++i) {
    std::string packet(size, 'p');
    packet[sync] = 'G';
    packet[sync + 1] = i % 2 == 0 ? '\x01' : '\0';
    packet[sync + 2] = i % 2 == 0 ? '\0' : '\x11';
    packet[sync + 3] = i % 2 == 0 && kind != 0 && i / 2 % kind == 0 ? '\x90' : '\x10';
    file += packet;
  }
  return file;
}

TEST(Encryption, OfATransportStreamIsWhatMostPacketsOfTheVideoSay) {
  const auto scrambled = [](const std::string& file, int pid = 256) {
    return is_scrambled_transport(from(file), static_cast<std::int64_t>(file.size()), pid);
  };
  for (const auto& [size, sync] : {std::pair{188, 0}, {192, 4}, {204, 0}}) {
    const auto bytes = static_cast<std::size_t>(size), first = static_cast<std::size_t>(sync);
    for (const int packets : {20, 60'000}) {
      EXPECT_TRUE(scrambled(transport(bytes, first, packets, 1))) << size;
      EXPECT_FALSE(scrambled(transport(bytes, first, packets, 0))) << size;
      EXPECT_FALSE(scrambled(transport(bytes, first, packets, 3))) << size;
      EXPECT_FALSE(scrambled(transport(bytes, first, packets, 1), 17)) << size;
    }
  }
  const std::string clear_lead = transport(188, 0, 20'000, 0) + transport(188, 0, 40'000, 1);
  EXPECT_TRUE(scrambled(clear_lead));
  EXPECT_FALSE(scrambled(""));
  EXPECT_FALSE(scrambled(std::string(5000, 'x')));
}

}  // namespace
}  // namespace tvr
