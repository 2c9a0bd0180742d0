/* The tutorial's training step as one would write it by hand: 100 rows through 3-32-1, mean squared
   error, Adam, float32. Forward and backward go row by row, so that nothing but sums is stored. */

#include <math.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum { ROWS = 100, INPUTS = 3, HIDDEN = 32, PARAMETERS = INPUTS * HIDDEN + HIDDEN + HIDDEN + 1 };

typedef struct {
    float first[HIDDEN][INPUTS], first_bias[HIDDEN], second[HIDDEN], second_bias;
} Network;

static float x[ROWS][INPUTS], y[ROWS];
static Network network, gradient, mean, square;
static int steps;

void prepare(const float *inputs, const float *targets, const float *parameters)
{
    for (int i = 0; i < ROWS * INPUTS; i++) (&x[0][0])[i] = inputs[i];
    for (int i = 0; i < ROWS; i++) y[i] = targets[i];
    for (int i = 0; i < PARAMETERS; i++) ((float *)&network)[i] = parameters[i];
    for (int i = 0; i < PARAMETERS; i++) ((float *)&mean)[i] = ((float *)&square)[i] = 0;
    steps = 0;
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* denormal numbers count as zero */
#endif
}

const float *parameters(void) { return (const float *)&network; }

static float step(void)
{
    float weight[INPUTS][HIDDEN], sums[INPUTS][HIDDEN] = {{0}};
    float bias_sums[HIDDEN] = {0}, second_sums[HIDDEN] = {0}, second_bias_sum = 0, loss = 0;
    for (int k = 0; k < INPUTS; k++)
        for (int j = 0; j < HIDDEN; j++) weight[k][j] = network.first[j][k];
    for (int i = 0; i < ROWS; i++) {
        float hidden[HIDDEN], output = network.second_bias;
        for (int j = 0; j < HIDDEN; j++) {
            float z = network.first_bias[j] + x[i][0] * weight[0][j] + x[i][1] * weight[1][j]
                      + x[i][2] * weight[2][j];
            hidden[j] = z > 0 ? z : 0;
        }
        for (int j = 0; j < HIDDEN; j++) output += hidden[j] * network.second[j];
        float error = output - y[i], d = 2 * error / ROWS;
        loss += error * error;
        second_bias_sum += d;
        for (int j = 0; j < HIDDEN; j++) {
            float back = hidden[j] > 0 ? d * network.second[j] : 0;
            second_sums[j] += d * hidden[j];
            bias_sums[j] += back;
            for (int k = 0; k < INPUTS; k++) sums[k][j] += x[i][k] * back;
        }
    }
    for (int j = 0; j < HIDDEN; j++) {
        for (int k = 0; k < INPUTS; k++) gradient.first[j][k] = sums[k][j];
        gradient.first_bias[j] = bias_sums[j];
        gradient.second[j] = second_sums[j];
    }
    gradient.second_bias = second_bias_sum;
    steps++;
    float rate = 1e-3f / (1 - powf(0.9f, steps)), root = sqrtf(1 - powf(0.999f, steps));
    float *p = (float *)&network, *g = (float *)&gradient, *m = (float *)&mean;
    float *v = (float *)&square;
    for (int i = 0; i < PARAMETERS; i++) {
        m[i] += 0.1f * (g[i] - m[i]);
        v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
        p[i] -= rate * m[i] / (sqrtf(v[i]) / root + 1e-8f);
    }
    return loss / ROWS;
}

float train(int count)
{
    float loss = 0;
    for (int i = 0; i < count; i++) loss = step();
    return loss;
}
