/* hone info has two forms: cmd_info.c says what a model is, cmd_info_train.c what a training would take. */
#ifndef HONE_CLI_INFO_H
#define HONE_CLI_INFO_H

#include "cli/cli.h"

/* Whether --train stands on the line. */
bool cli_info_is_train(int argc, char **argv);
int cli_info_train(int argc, char **argv);

#endif
