#pragma once

#include <string_view>

namespace tvr {

/// HTML 5's named character references (html.spec.whatwg.org, "Named character references"; the same as
/// Python's html.entities.html5), separated by blanks and line breaks: NAME=CODE or NAME=CODE+CODE, codes in
/// hexadecimal, with '!' before a name that may also stand without its semicolon.
extern const std::string_view kHtmlEntities;

}  // namespace tvr
