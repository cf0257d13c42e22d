# cmake -DFROM=file -DTO=file -P embed.cmake: the lines of a text file as C string literals.
file(READ "${FROM}" text)
string(REGEX REPLACE "([\\\\\"])" "\\\\\\1" text "${text}")
string(REPLACE "\n" "\\n\"\n\"" text "${text}")
file(WRITE "${TO}" "\"${text}\"\n")
