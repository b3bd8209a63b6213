/* All of hone's public API. */
#ifndef HONE_H
#define HONE_H

#include <hone/accelerator.h>
#include <hone/batch.h>
#include <hone/dataset.h>
#include <hone/generate.h>
#include <hone/job.h>
#include <hone/loader.h>
#include <hone/log.h>
#include <hone/masking.h>
#include <hone/metrics.h>
#include <hone/model.h>
#include <hone/ops.h>
#include <hone/optimizer.h>
#include <hone/options.h>
#include <hone/pipeline.h>
#include <hone/profile.h>
#include <hone/qa.h>
#include <hone/status.h>
#include <hone/tape.h>
#include <hone/tasks.h>
#include <hone/tensor.h>
#include <hone/text.h>
#include <hone/text_examples.h>
#include <hone/tokenize.h>
#include <hone/tokenizer.h>
#include <hone/tracker.h>
#include <hone/train.h>
#include <hone/version.h>

#endif
