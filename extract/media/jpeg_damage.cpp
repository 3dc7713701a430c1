#include "extract/media/jpeg_damage.h"

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <vector>

// In this order, and after <cstdio>.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

namespace tvr {
namespace {

/// Keeps libjpeg's first message of damage instead of printing it.
struct Listener {
  jpeg_error_mgr manager;  // first: libjpeg passes a pointer to it
  std::jmp_buf end;
  std::array<char, JMSG_LENGTH_MAX> damage;
};

Listener& listener_of(j_common_ptr decoder) { return *reinterpret_cast<Listener*>(decoder->err); }

void keep(j_common_ptr decoder) {
  Listener& listener = listener_of(decoder);
  if (listener.damage[0] == '\0') (*listener.manager.format_message)(decoder, listener.damage.data());
}

void on_message(j_common_ptr decoder, int level) {
  if (level >= 0) return;            // a trace
  switch (decoder->err->msg_code) {  // of the others, such as bytes between segments, no pixel suffers
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
      keep(decoder);
  }
}

[[noreturn]] void on_error(j_common_ptr decoder) {
  keep(decoder);
  std::longjmp(listener_of(decoder).end, 1);
}

/// Decodes at an eighth of the size, which reads all coded data. Has no objects whose destructors longjmp
/// would pass over.
void decode(std::string_view bytes, Listener& listener, std::vector<unsigned char>& row) {
  jpeg_decompress_struct decoder{};
  decoder.err = jpeg_std_error(&listener.manager);
  listener.manager.emit_message = on_message;
  listener.manager.error_exit = on_error;
  if (setjmp(listener.end) == 0) {
    jpeg_create_decompress(&decoder);
    jpeg_mem_src(&decoder, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&decoder, TRUE);
    decoder.scale_num = 1;
    decoder.scale_denom = 8;
    jpeg_start_decompress(&decoder);
    row.resize(std::size_t{decoder.output_width} * static_cast<std::size_t>(decoder.output_components));
    unsigned char* rows[] = {row.data()};
    while (decoder.output_scanline < decoder.output_height) jpeg_read_scanlines(&decoder, rows, 1);
    jpeg_finish_decompress(&decoder);
  }
  jpeg_destroy_decompress(&decoder);
}

}  // namespace

std::string jpeg_damage(std::string_view bytes) {
  Listener listener{};
  std::vector<unsigned char> row;
  decode(bytes, listener, row);
  return listener.damage.data();
}

}  // namespace tvr
