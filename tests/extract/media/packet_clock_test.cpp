#include "extract/media/packet_clock.h"

#include <gtest/gtest.h>

#include <vector>

namespace tvr {
namespace {

constexpr std::int64_t kUnknown = AV_NOPTS_VALUE;

/// A stream of 25 frames a second in units of 1/1000 s, without a file behind it.
class PacketClockTest : public ::testing::Test {
 protected:
  explicit PacketClockTest(const char* demuxer = "matroska") : format_(avformat_alloc_context()) {
    format_->iformat = av_find_input_format(demuxer);
    stream_ = avformat_new_stream(format_.get(), nullptr);
    stream_->time_base = {1, 1000};
    stream_->avg_frame_rate = {25, 1};
    codec_.reset(avcodec_alloc_context3(nullptr));
    codec_->framerate = {25, 1};
  }
  ~PacketClockTest() override { format_->iformat = nullptr; }

  /// The times that packets at `pts` (and equal dts), 40 ms each, get; one picture a packet.
  std::vector<std::int64_t> run(const std::vector<std::int64_t>& pts) {
    PacketClock clock(*format_, *stream_, *codec_);
    std::vector<std::int64_t> times;
    for (const std::int64_t time : pts) {
      packet_->pts = packet_->dts = time;
      packet_->duration = 40;
      packet_->size = 1;
      clock.packet_read(*packet_);
      clock.before_decode(packet_.get());
      // What a decoder without reordering says of the picture.
      picture_->best_effort_timestamp = packet_->pts != kUnknown ? packet_->pts : packet_->dts;
      times.push_back(clock.picture_time(*picture_, false));
      clock.after_decode(packet_->duration, picture_.get(), false, false);
    }
    clock.before_drain();
    end_ = clock.end();
    packet_->size = 0;
    return times;
  }

  InputHandle format_;
  AVStream* stream_ = nullptr;
  CodecHandle codec_;
  PacketHandle packet_{av_packet_alloc()};
  FrameHandle picture_{av_frame_alloc()};
  std::int64_t end_ = 0;
};

class BroadcastClockTest : public PacketClockTest {
 protected:
  BroadcastClockTest() : PacketClockTest("mpegts") {}
};

TEST_F(PacketClockTest, TakesTheStartTimeOfTheContainerOff) {
  format_->start_time = 5'000'000;
  EXPECT_EQ(run({5000, 5040, 5080}), (std::vector<std::int64_t>{0, 40, 80}));
  EXPECT_EQ(end_, 120);
}

TEST_F(PacketClockTest, KeepsGapsOfAFile) {
  EXPECT_EQ(run({0, 40, 60'000}), (std::vector<std::int64_t>{0, 40, 60'000}));
}

TEST_F(PacketClockTest, CountsOnWhereAFileIsAnHourOff) {
  EXPECT_EQ(run({0, 40, 3'600'000'000, 120}), (std::vector<std::int64_t>{0, 40, 80, 120}));
}

TEST_F(PacketClockTest, CountsWhereThereAreNoTimes) {
  EXPECT_EQ(run({kUnknown, kUnknown, kUnknown}), (std::vector<std::int64_t>{0, 40, 80}));
}

TEST_F(PacketClockTest, SurvivesTimesAtTheEdgeOfTheirType) {
  format_->start_time = -5;
  EXPECT_EQ(run({INT64_MAX, INT64_MIN + 1, 0, INT64_MAX - 1}).size(), 4U);
}

TEST_F(BroadcastClockTest, HidesAJumpOfMoreThanTenSeconds) {
  EXPECT_EQ(run({0, 40, 60'000, 60'040}), (std::vector<std::int64_t>{0, 40, 80, 120}));
}

TEST_F(BroadcastClockTest, HidesAClockThatBeginsAnew) {
  EXPECT_EQ(run({8000, 8040, 0, 40}), (std::vector<std::int64_t>{8000, 8040, 8080, 8120}));
}

TEST_F(BroadcastClockTest, KeepsAGapOfAFewSeconds) {
  EXPECT_EQ(run({0, 40, 5000}), (std::vector<std::int64_t>{0, 40, 5000}));
}

TEST_F(BroadcastClockTest, StartsWithTheStreamThatIsUsed) {
  format_->start_time = 1'000'000;  // of the sound
  stream_->start_time = 1'400;
  stream_->pts_wrap_bits = 33;
  EXPECT_EQ(run({1400, 1440}), (std::vector<std::int64_t>{0, 40}));
}

TEST_F(BroadcastClockTest, UndoesTheWrapOfA33BitClock) {
  const std::int64_t wrap = std::int64_t{1} << 33;
  format_->start_time = -80'000;
  stream_->start_time = -80;
  stream_->pts_wrap_bits = 33;
  EXPECT_EQ(run({wrap - 80, wrap - 40, 0, 40}), (std::vector<std::int64_t>{0, 40, 80, 120}));
}

}  // namespace
}  // namespace tvr
