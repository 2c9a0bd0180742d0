"""A translator with attention: packed sequences of several lengths, a decoder step by step."""

import random

import flambeau as torch
import flambeau.nn as nn
import flambeau.nn.functional as F
from flambeau.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PAD, SOS, EOS = 0, 1, 2


class Encoder(nn.Module):
    def __init__(self, vocab, emb, hid, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb, padding_idx=PAD)
        self.rnn = nn.GRU(emb, hid, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(hid * 2, hid)
        self.dropout = nn.Dropout(dropout)

    def forward(self, src, src_len):
        embedded = self.dropout(self.embedding(src))
        packed = pack_padded_sequence(embedded, src_len, batch_first=True, enforce_sorted=False)
        packed_outputs, hidden = self.rnn(packed)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True)
        hidden = torch.tanh(self.fc(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)))
        return outputs, hidden


class Attention(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.attn = nn.Linear(hid * 3, hid)
        self.v = nn.Linear(hid, 1, bias=False)

    def forward(self, hidden, encoder_outputs, mask):
        hidden = hidden.unsqueeze(1).repeat(1, encoder_outputs.shape[1], 1)
        energy = torch.tanh(self.attn(torch.cat((hidden, encoder_outputs), dim=2)))
        attention = self.v(energy).squeeze(2).masked_fill(mask == 0, -1e10)
        return F.softmax(attention, dim=1)


class Decoder(nn.Module):
    def __init__(self, vocab, emb, hid, attention):
        super().__init__()
        self.vocab = vocab
        self.attention = attention
        self.embedding = nn.Embedding(vocab, emb)
        self.rnn = nn.GRUCell(hid * 2 + emb, hid)
        self.fc_out = nn.Linear(hid * 3 + emb, vocab)

    def forward(self, input, hidden, encoder_outputs, mask):
        embedded = self.embedding(input)
        a = self.attention(hidden, encoder_outputs, mask).unsqueeze(1)
        weighted = torch.bmm(a, encoder_outputs).squeeze(1)
        hidden = self.rnn(torch.cat((embedded, weighted), dim=1), hidden)
        return self.fc_out(torch.cat((hidden, weighted, embedded), dim=1)), hidden


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, src, src_len, trg):
        batch_size, trg_len = trg.shape
        outputs = torch.zeros(trg_len, batch_size, self.decoder.vocab).to(src.device)
        encoder_outputs, hidden = self.encoder(src, src_len)
        mask = src != PAD
        input = trg[:, 0]
        for t in range(1, trg_len):
            output, hidden = self.decoder(input, hidden, encoder_outputs, mask)
            outputs[t] = output
            input = trg[:, t] if t % 2 == 0 else output.argmax(1)
        return outputs


def init_weights(m):
    for name, param in m.named_parameters():
        if "weight" in name:
            nn.init.normal_(param.data, mean=0, std=0.3)
        else:
            nn.init.constant_(param.data, 0)


def train(compiled=False):
    torch.manual_seed(1)
    random.seed(1)
    vocab = 8
    sentences = [torch.randint(3, vocab, (random.randint(1, 3),)) for _ in range(10)]
    end = torch.tensor([EOS])
    src = pad_sequence([torch.cat([s, end]) for s in sentences], batch_first=True)
    src_len = [len(s) + 1 for s in sentences]
    backwards = [torch.cat([torch.tensor([SOS]), s.flip(0), end]) for s in sentences]
    trg = pad_sequence(backwards, batch_first=True, padding_value=PAD)
    model = Seq2Seq(Encoder(vocab, 6, 8, 0.2), Decoder(vocab, 6, 8, Attention(8)))
    model.apply(init_weights)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=5e-3, betas=(0.9, 0.98), eps=1e-9, amsgrad=True
    )
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)

    def step(src, trg):
        optimizer.zero_grad()
        output = model(src, src_len, trg)
        output = output[1:].permute(1, 0, 2).reshape(-1, vocab)
        loss = criterion(output, trg[:, 1:].contiguous().view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), 0.1)
        optimizer.step()
        return loss

    if compiled:
        step = torch.compile(step)
    losses = [step(src, trg).item() for _ in range(50)]
    model.eval()
    with torch.no_grad():
        sure = model(src, src_len, trg)[1:].softmax(-1).max(-1)[0].mean()
    return [*losses, sure.item()]


if __name__ == "__main__":
    print(*train(), sep="\n")
