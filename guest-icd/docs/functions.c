// SPDX-License-Identifier: MIT
/* Prints the table of OpenCL's functions, one a line: name, a tab, parameters; and "lacking", a tab, the names of what
 * is not there. `make registry` compares it. */
#include <stdio.h>

int main(void) {
#define STATUS(WHERE, Name, parameters, arguments) printf("cl%s\t%s\n", #Name, #parameters);
#define OBJECT(WHERE, type, Name, parameters, arguments) printf("cl%s\t%s\n", #Name, #parameters);
#define POINTER(WHERE, Name, parameters, arguments) printf("cl%s\t%s\n", #Name, #parameters);
#define NOTHING(WHERE, Name, parameters, arguments) printf("cl%s\t%s\n", #Name, #parameters);
#define ALIAS(Name, Other) printf("cl%s\t=\n", #Name);
#define LACKING(names, feature, seen, returned) printf("lacking\t%s\n", names);
#include "guest-icd/functions.def"
    return 0;
}
